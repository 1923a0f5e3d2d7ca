#!/usr/bin/env bash
# Check format, lint, types and tests; CI runs the same script. `--fast` skips the slow tests.
set -euo pipefail
source "$(dirname "$0")/environment.sh" dev
ruff format --check .
ruff check .
types="$(mktemp)"
trap 'rm -f "$types"' EXIT
mypy >"$types" 2>&1 &
checking=$!
marker=""
if [ "${1:-}" = "--fast" ]; then
    marker="not slow"
fi
export OMP_NUM_THREADS=1
# Compiling the tests anew at every run would take longer than many of them.
unset PYTHONDONTWRITEBYTECODE
status=0
python -m pytest -n auto --dist worksteal -m "$marker" || status=$?
wait "$checking" || status=$?
cat "$types"
exit "$status"
