"""The one exception that is meant for users, and the wording of near misses.

Scripts print a `UserError` as one line and exit with code 2, and so what the system says of a file; every other
exception is a bug.
"""

from __future__ import annotations

import difflib
import errno
import io
import os
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says of an output that takes no more."""


class UserError(Exception):
    """Something that the user can put right. The message is one line: the thing, the place, the remedy."""


def suggest(name: str, known: Iterable[str]) -> str:
    """End of a message about an unknown name: the nearest known one, if any is near, and all of them."""
    known = sorted(known)
    nearest = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ";"
    return f"{hint} known: {', '.join(known)}"


def run_command(main: Callable[[], None]) -> None:
    """Run a script's `main`; a `UserError`, or the system's of a file, becomes one line on stderr and exit code 2."""
    if sys.stdout is None:
        # Closed by whoever called: what is printed goes nowhere, and not into the first file that is opened.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A label may hold what a terminal or a file of another encoding cannot show.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        main()
        sys.stdout.flush()
    except UserError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has enough.
        _forget_output()
        sys.exit(1)
    except OSError as error:
        if error.filename is not None:
            # A place that the system does not let be entered, or that no file can have.
            _fail(f"{error.filename}: {error.strerror}; give another place")
        if error.errno not in FULL:
            raise
        _forget_output()
        _fail(f"the output cannot be written: {error.strerror}; make room, or send it elsewhere")


def _fail(message: str) -> NoReturn:
    # A message may quote a stranger's file: nothing in it is to move the cursor or colour the terminal.
    shown = "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in message)
    print(f"error: {shown}", file=sys.stderr)
    sys.exit(2)


def _forget_output() -> None:
    """What python still holds of the output must go somewhere at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
