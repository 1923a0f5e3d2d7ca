# Install the project into a virtual environment: the active one, else .venv, created if needed.
# Usage: source scripts/environment.sh EXTRA   (an extra of pyproject.toml)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ -z "${VIRTUAL_ENV:-}" ]; then
    if [ ! -x .venv/bin/pip ]; then
        rm -rf .venv
        python3 -m venv .venv || {
            echo "error: python3 cannot make a virtual environment; on Debian or Ubuntu: apt-get install python3-venv" >&2
            exit 2
        }
    fi
    source .venv/bin/activate
fi
pip install --quiet --disable-pip-version-check --no-compile --editable ".[$1]"
