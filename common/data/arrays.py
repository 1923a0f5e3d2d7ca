"""Open the pixels of a dataset at one size, which lie in one file or in parts; `dataset` reads them.

The files are named in dataset.json with their checksums; each is an array of bytes [n size size 3].
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor


def file_name(size: int, part: int | None = None) -> str:
    """Return the name of the file of one size, or of a part of it."""
    return f"images-{size}.npy" if part is None else f"images-{size}-{part:05}.npy"


def files_of(size: int, names: Iterable[str]) -> list[str]:
    """Return the file or the parts of one size, in order, among the files of a dataset."""
    parts = sorted(name for name in names if name.startswith(f"images-{size}-"))
    return parts or [file_name(size)]


class Parts:
    """Memory-mapped pictures of several files, to be indexed by rows as one tensor is."""

    device = torch.device("cpu")

    def __init__(self, parts: Sequence[UInt8[np.ndarray, "_ size size 3"]]) -> None:
        self._parts = parts
        self._starts = np.cumsum([0, *map(len, parts)])

    def __getitem__(self, rows: Int[Tensor, "b"] | Sequence[int]) -> UInt8[Tensor, "b size size 3"]:
        """Return copies of the pictures of some rows of all parts."""
        places = np.asarray(rows, dtype=np.int64)
        which = np.searchsorted(self._starts, places, side="right") - 1
        pictures = np.empty((len(places), *self._parts[0].shape[1:]), np.uint8)
        for place, (part, row) in enumerate(zip(which.tolist(), (places - self._starts[which]).tolist(), strict=True)):
            pictures[place] = self._parts[part][row]
        return torch.from_numpy(pictures)

    def in_memory(self) -> UInt8[Tensor, "n size size 3"]:
        """Return all pictures, read into memory."""
        return torch.from_numpy(np.concatenate(self._parts))


def open_arrays(
    paths: Sequence[Path], count: int, size: int, *, mapped: bool
) -> UInt8[Tensor, "n_all size size 3"] | Parts:
    """Map `count` pictures in one file or several, or read them into memory. Raises ValueError if they do not fit."""
    # Mode "c" (copy on write), because torch warns about tensors on read-only arrays. Nothing writes to it.
    arrays = [np.load(path, mmap_mode="c" if mapped or len(paths) > 1 else None) for path in paths]
    if (
        any(one.dtype != np.uint8 or one.shape[1:] != (size, size, 3) for one in arrays)
        or sum(map(len, arrays)) != count
    ):
        raise ValueError("it does not match labels.csv")
    if len(arrays) == 1:
        return torch.from_numpy(arrays[0])
    return Parts(arrays) if mapped else Parts(arrays).in_memory()
