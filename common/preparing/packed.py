"""Rows of text on disk. As Python objects the records of a million pictures would take gigabytes of memory."""

from __future__ import annotations

import errno
import json
import os
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator


class Packed:
    """A growing list of rows of text, in a temporary file without a name; in memory it takes eight bytes a row."""

    def __init__(self, rows: Iterable[Iterable[str]] = ()) -> None:
        # Without a buffer: a forked process that drops its copy would move the place at which we read.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._starts = array("q", [0])
        self._is_at_end = True
        for row in rows:
            self.append(row)

    def append(self, row: Iterable[str]) -> None:
        """Add a row. Names of files may hold what is not UTF-8: it comes back as it was."""
        data = json.dumps([*row], ensure_ascii=False).encode("utf-8", "surrogatepass")
        if not self._is_at_end:
            self._file.seek(self._starts[-1])
            self._is_at_end = True
        if self._file.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), tempfile.gettempdir())
        self._starts.append(self._starts[-1] + len(data))

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, place: int) -> list[str]:
        """Raises IndexError, which ends a loop over the rows."""
        if not 0 <= place < len(self):
            raise IndexError(place)
        self._file.seek(self._starts[place])
        self._is_at_end = False
        row: list[str] = json.loads(
            self._file.read(self._starts[place + 1] - self._starts[place]).decode("utf-8", "surrogatepass")
        )
        return row

    def __iter__(self) -> Iterator[list[str]]:
        return map(self.__getitem__, range(len(self)))
