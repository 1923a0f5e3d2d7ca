"""The one exception that is meant for users, and the wording of near misses.

Scripts print a `UserError` as one line and exit with code 2, and so what the system says of a file; every other
exception is a bug.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterable


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
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has enough; what python still holds of it must go somewhere at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        # A place that the system does not let be entered, or that no file can have.
        if error.filename is None:
            raise
        print(f"error: {error.filename}: {error.strerror}; give another place", file=sys.stderr)
        sys.exit(2)
