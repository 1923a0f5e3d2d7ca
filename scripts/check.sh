#!/usr/bin/env bash
# Format, lint, types, tests: what CI runs, and what a developer runs. `--fast` leaves the slow tests out.
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
