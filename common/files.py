"""Files as a whole: what tells one from another, and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sha256(path: Path) -> str:
    """The checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole_folder(target: Path, *, replace: bool = True) -> Iterator[Path]:
    """A folder to build in, which takes the place of `target` where the block ends well, and vanishes elsewhere.

    Each process builds in its own; what killed ones left is removed. Raises FileExistsError where something has
    appeared at `target` that is not to be replaced.
    """
    target = target.resolve()
    building = target.with_name(f".{target.name}.{os.getpid()}.partial")
    replaced = target.with_name(f".{target.name}.{os.getpid()}.replaced")
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.partial"):
        if not _is_running(left.name.split(".")[-2]):
            shutil.rmtree(left, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        yield building
        if target.exists():
            if not replace:
                raise FileExistsError(errno.EEXIST, "something has appeared there")
            target.rename(replaced)
        try:
            building.rename(target)
        except OSError:
            if replaced.exists():
                replaced.rename(target)
            raise
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:
        pass
    return True
