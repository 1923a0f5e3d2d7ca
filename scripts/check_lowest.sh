#!/usr/bin/env bash
# Run the quick tests with the lowest version of each direct dependency that pyproject.toml allows, in an environment of
# its own. Needs uv, and downloads several GB; arguments go to `uv pip install`, such as --overrides FILE for PyTorch.
set -euo pipefail
cd "$(dirname "$0")/.."
environment="$(mktemp -d)"
trap 'rm -rf "$environment"' EXIT
uv pip compile --quiet --no-deps --resolution lowest-direct pyproject.toml --output-file "$environment/lowest.txt"
uv venv --quiet "$environment/venv"
source "$environment/venv/bin/activate"
uv pip install --quiet --constraints "$environment/lowest.txt" --editable ".[dev]" "$@"
export OMP_NUM_THREADS=1
python -m pytest -n auto -m "not slow"
