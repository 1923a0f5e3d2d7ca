"""The exception that users see, and suggestions for misspelt names.

Scripts print a `UserError`, or the system's error about a file, as one line and exit with code 2. Every other
exception is a bug.
"""

from __future__ import annotations

import difflib
import errno
import gc
import io
import os
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn


class UserError(Exception):
    """An error that the user can correct. The message is one line: what is wrong, where, and the remedy."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the nearest known name, if any is near, and all of them."""
    known = sorted(known)
    nearest = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ";"
    return f"{hint} known: {', '.join(known)}"


def missing_package(what: str, package: str, *, extra: str, instead: str | None = None) -> UserError:
    """Return the error for a package that `what` needs and that is not installed; `extra` in pyproject.toml brings it.

    The install command is for a checkout: the project is on no package index, and its name there may be a stranger's.
    """
    command = f'pip install -e ".[{extra}]"'
    choice = f" (or {instead})" if instead else ""
    return UserError(f"{what} needs {package}; install it from the project's folder: {command}{choice}")


def run_command(main: Callable[[], None]) -> None:
    """Run a script's `main`. A `UserError`, or the system's error about a file, becomes one line and exit code 2."""
    # Modules stay to the end: the search for garbage, and the exit, which takes a quarter of a second, leave them out.
    gc.freeze()
    gc.enable()
    if sys.stdout is None:
        # The caller closed the output. Discard what is printed: it would go into the first file that is opened.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The output's encoding may lack a character of a label.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        main()
        sys.stdout.flush()
    except UserError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The program that reads the output has stopped reading.
        _forget_output()
        sys.exit(1)
    except OSError as error:
        if error.filename is not None:
            # The system forbids this path, or no file can have it.
            _fail(f"{error.filename}: {error.strerror}; choose another path")
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        _forget_output()
        _fail(f"the output cannot be written: {error.strerror}; make room, or send it elsewhere")


def _fail(message: str) -> NoReturn:
    # A message may quote a stranger's file, which must not move the cursor or colour the terminal.
    shown = "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in message)
    print(f"error: {shown}", file=sys.stderr)
    sys.exit(2)


def _forget_output() -> None:
    """Discard what Python still holds in the output's buffer; writing it at exit would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
