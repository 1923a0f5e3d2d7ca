"""Checksums of files; files and folders that appear complete or not at all."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sha256(path: Path) -> str:
    """Return the SHA-256 checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Give a temporary path to write to: it becomes `target` when the block ends, and is removed if the block fails.

    Each process and thread has its own. The folder must exist.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        yield partial
        partial.replace(target)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file; a reader never sees half of it, even if the process is killed. The folder must exist."""
    with whole_file(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def whole_folder(target: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give a temporary folder to write to: it becomes `target` when the block ends, and is removed if the block fails.

    Each process has its own; folders left by killed processes are removed. Raises FileExistsError if `replace` is
    False and `target` exists when the block ends.
    """
    import psutil  # Painting does not need it.

    target = target.resolve()
    building = target.with_name(f".{target.name}.{os.getpid()}.partial")
    replaced = target.with_name(f".{target.name}.{os.getpid()}.replaced")
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.partial"):
        process = left.name.split(".")[-2]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        yield building
        if target.exists():
            if not replace:
                raise FileExistsError(errno.EEXIST, "another program has written there in the meantime")
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
