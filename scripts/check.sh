#!/usr/bin/env bash
# Check format, lint, types and tests; CI runs the same script. `--fast` skips the slow tests.
set -euo pipefail
source "$(dirname "$0")/environment.sh" dev
ruff format --check .
ruff check .
mypy
marker="${1:-}"
export OMP_NUM_THREADS=1
if [ "$marker" = "--fast" ]; then
    python -m pytest -n auto -m "not slow"
else
    python -m pytest -n auto
fi
