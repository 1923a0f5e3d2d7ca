"""The pixels of a dataset at one size: raw while pictures are read, then arrays in one file, or in parts.

`common.data.arrays` opens them.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
from jaxtyping import Int

from common.data.arrays import file_name


class RawPixels:
    """Pixels as they come from decoding, in files that are removed one by one as arrays are made of them."""

    def __init__(self, folder: Path, size: int, part_size: float | None) -> None:
        """`part_size` is the most gigabytes of an array, None for a single one."""
        self._folder, self._size, self._picture = folder, size, size * size * 3
        self._rows_in_part = max(1, round(part_size * 1e9) // self._picture) if part_size else None
        self._count = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> RawPixels:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, pixels: bytes) -> None:
        """Add a picture."""
        if self._file is None or self._begins_part(self._count):
            if self._file is not None:
                self._file.close()
            self._file = self._raw(self._count).open("wb")
        self._file.write(pixels)
        self._count += 1

    def keep(self, rows: Int[np.ndarray, "n"]) -> list[str]:
        """Write the arrays of some rows, in ascending order, and remove what is raw; return the names of the files.

        Not with a memory map, whose pages would count as our memory.
        """
        in_parts = self._rows_in_part is not None and len(rows) > self._rows_in_part
        step = (self._rows_in_part if in_parts else None) or len(rows)
        names: list[str] = []
        with closing(_InTurn()) as raw:
            for start in range(0, len(rows), step):
                some = rows[start : start + step]
                names.append(file_name(self._size, len(names) if in_parts else None))
                header = {"descr": "|u1", "fortran_order": False, "shape": (len(some), self._size, self._size, 3)}
                with (self._folder / names[-1]).open("wb") as array:
                    np.lib.format.write_array_header_1_0(array, header)
                    for row in some.tolist():
                        file = raw.open(self._raw(row))
                        file.seek(row % (self._rows_in_part or self._count) * self._picture)
                        array.write(file.read(self._picture))
        for left in self._folder.glob(f"raw-{self._size}-*"):
            left.unlink()
        return names

    def _begins_part(self, row: int) -> bool:
        return self._rows_in_part is not None and row % self._rows_in_part == 0

    def _raw(self, row: int) -> Path:
        return self._folder / f"raw-{self._size}-{row // self._rows_in_part if self._rows_in_part else 0}"


class _InTurn:
    """Files that are read one after the other; each is removed when the next is opened."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None

    def open(self, path: Path) -> IO[bytes]:
        if self._file is None or self._file.name != str(path):
            self.close()
            self._file = path.open("rb")
        return self._file

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            os.unlink(self._file.name)
            self._file = None
