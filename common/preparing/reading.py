"""Read the pictures of a source in worker processes: make each square, at all sizes, or say why it is refused.

The main process writes the pixels to raw files; `preparation` copies the pictures that are kept.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
from jaxtyping import Int8, UInt8
from tqdm import tqdm

from common.preparing.arrays import RawPixels
from common.preparing.duplicates import colours_of, perceptual_hashes
from common.preparing.labelling import DEFAULT_TAXONOMY
from common.preparing.packed import Packed
from common.preparing.pictures import LEAST_SIDE, Rejected
from common.preparing.sources.files import Entry, Listing, Record
from common.preparing.squares import make_square, resize, trim
from common.preparing.workers import cluster_pool, local_pool


@dataclass(frozen=True, kw_only=True)
class PreparationSettings:
    """The options of `scripts/prepare_data.py` that bear the same names; its `--help` explains them."""

    sizes: tuple[int, ...]
    """In ascending order."""
    fit: str
    trim: bool
    max_aspect: float
    enlarge: bool
    min_count: int | None = None
    """Without it, as many as `labelling.usual_min_count` says."""
    fine_styles: bool = False
    taxonomy_only: bool = False
    taxonomy: Path = DEFAULT_TAXONOMY
    keep_duplicates: bool = False
    workers: int
    scheduler: str | None = None
    part_size: float | None = None


_ONE_AT_A_TIME = Lock()
NUM_FIRST = 8
"""Pictures on which the workers of a cluster are tried."""
HASHED_SIZE = 64
"""Side, in pixels, at which pictures are compared."""
Refusal = tuple[str, str]
"""A picture's name and the reason why it cannot be used."""


class Picture(NamedTuple):
    """A usable picture, without its pixels."""

    record: Record
    digest: str
    """SHA-256 of the decoded picture."""
    size: tuple[int, int]
    """Width and height before the picture is resized, in pixels."""
    perceptual: UInt8[np.ndarray, "2 32"]
    colours: Int8[np.ndarray, "4 4 2"]
    remarks: tuple[str, ...]
    """What was done to a picture that is not as it should be, for the summary."""


COLUMNS = {
    "digest": np.dtype(("u1", 32)),
    "size": np.dtype(("i4", 2)),
    "perceptual": np.dtype(("u1", (2, 32))),
    "colours": np.dtype(("i1", (4, 4, 2))),
}
"""What `Pictures` holds of each picture in memory: the fields of `Picture` that bear these names."""


class Pictures:
    """Usable pictures in columns: what is text lies on disk, what is a number takes 136 bytes of memory a picture."""

    def __init__(self) -> None:
        self._records = Packed()
        self._columns = {name: bytearray() for name in COLUMNS}
        self.remarks: dict[str, array[int]] = {}
        """The places of the pictures of which each remark was made."""

    def append(self, picture: Picture) -> None:
        """Add a picture. Not to be called once a column was asked for."""
        for remark in picture.remarks:
            self.remarks.setdefault(remark, array("q")).append(len(self))
        self._records.append(picture.record.texts())
        self._columns["digest"] += bytes.fromhex(picture.digest)
        for name in ("size", "perceptual", "colours"):
            self._columns[name] += np.asarray(getattr(picture, name), COLUMNS[name].base).tobytes()

    def __len__(self) -> int:
        return len(self._records)

    def column(self, name: str) -> np.ndarray:
        """Return one of COLUMNS, a row for each picture."""
        return np.frombuffer(self._columns[name], COLUMNS[name])

    def forget_looks(self) -> None:
        """Free what is only needed to find near-duplicates, most of the memory."""
        del self._columns["perceptual"], self._columns["colours"]

    def record(self, place: int) -> Record:
        """Return the record of one picture."""
        return Record(*self._records[place])

    def digest(self, place: int) -> str:
        """Return the SHA-256 of one picture in hexadecimal."""
        return bytes(self.column("digest")[place]).hex()


Result = tuple[Picture | Refusal, list[bytes]]
"""A picture with its pixels at each size, or why there is none."""


def read_pictures(
    listing: Listing, folder: Path, settings: PreparationSettings
) -> tuple[Pictures, list[Refusal], list[RawPixels]]:
    """Return usable pictures, refusals, and the pixels at each size, which lie in the folder, in the same order."""
    pictures, refused = Pictures(), []
    raw = [RawPixels(folder, size, settings.part_size) for size in settings.sizes]
    with ExitStack() as stack:
        for file in raw:
            stack.enter_context(file)
        entries = iter(listing.entries)
        first = list(islice(entries, NUM_FIRST))
        if settings.scheduler is None:
            pool, workers = stack.enter_context(local_pool(settings.workers)), settings.workers
        else:
            trial = partial(_pixels_of, settings, first)
            pool, workers = stack.enter_context(cluster_pool(settings.scheduler, trial))
        progress = stack.enter_context(tqdm(total=listing.total, unit="picture", dynamic_ncols=True, mininterval=1.0))
        for found, pixels in _results(pool, chain(first, entries), settings, workers):
            progress.update()
            if isinstance(found, Picture):
                pictures.append(found)
                for file, image in zip(raw, pixels, strict=True):
                    file.write(image)
            else:
                refused.append(found)
    return pictures, refused, raw


def _results(pool: Executor, entries: Iterator[Entry], settings: PreparationSettings, workers: int) -> Iterator[Result]:
    """Yield the results in the order of the entries. While one round is read the next is listed, but no more."""
    ahead: Iterator[list[Result]] = iter(())
    while some := list(islice(entries, 64 * workers)):
        parts = [some[start : start + 8] for start in range(0, len(some), 8)]
        behind, ahead = ahead, pool.map(partial(_read_some, settings), parts)
        yield from chain.from_iterable(behind)
    yield from chain.from_iterable(ahead)


def _read_some(settings: PreparationSettings, entries: Sequence[Entry]) -> list[Result]:
    # A worker of a cluster may have several threads, and decoding changes settings of Pillow's.
    with _ONE_AT_A_TIME:
        return [_read(settings, entry) for entry in entries]


def _pixels_of(settings: PreparationSettings, entries: Sequence[Entry]) -> list[list[bytes]]:
    return [pixels for _, pixels in _read_some(settings, entries)]


def _read(settings: PreparationSettings, entry: Entry) -> Result:
    try:
        # Trimming may halve a side.
        decoded = entry.decode(LEAST_SIDE * 2 if settings.trim else LEAST_SIDE)
        picture = trim(decoded.image) if settings.trim else decoded.image
        times = decoded.full_size[0] / decoded.image.width
        width, height = (round(side * times) for side in picture.size)
        shape, wanted = f"{width}x{height} pixels", max(settings.sizes)
        if max(width, height) > settings.max_aspect * min(width, height):
            raise Rejected(f"{shape}, longer than {settings.max_aspect:g} to 1 (see --max-aspect)")
        if min(width, height) < wanted and not settings.enlarge:
            raise Rejected(f"{shape}, smaller than {wanted} (see --enlarge)")
        square = make_square(picture, settings.fit)
        small = resize(square, HASHED_SIZE)
        images = [small if size == HASHED_SIZE else resize(square, size) for size in settings.sizes]
        digest = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
    except Rejected as rejection:
        return (entry.record.name, str(rejection)), []
    except MemoryError:
        return (entry.record.name, "needs more memory than is free; try fewer --workers"), []
    looks = perceptual_hashes(small), colours_of(small)
    found = Picture(entry.record, digest, (width, height), *looks, decoded.remarks)
    return found, [image.tobytes() for image in images]
