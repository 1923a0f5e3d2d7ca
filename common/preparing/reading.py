"""Read the pictures of a source in worker processes: make each square, at all sizes, or say why it is refused.

The main process writes the pixels to one raw file for each size; `preparation` copies the pictures that are kept.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from tqdm import tqdm

from common.errors import UserError
from common.preparing.duplicates import perceptual_hashes
from common.preparing.labelling import DEFAULT_TAXONOMY
from common.preparing.pictures import Rejected, make_square, resize, trim
from common.preparing.sources.listing import Entry, Listing, Record

CHUNK = 8
"""Pictures that a worker reads at a time."""
ROUND = 64
"""Pictures for each worker in a round; two rounds are in memory."""


@dataclass(frozen=True, kw_only=True)
class PreparationSettings:
    """The options of `scripts/prepare_data.py` that bear the same names; its `--help` explains them."""

    sizes: tuple[int, ...]
    """In ascending order."""
    fit: str
    trim: bool
    max_aspect: float
    enlarge: bool
    min_count: int
    fine_styles: bool = False
    keep_unknown: bool = False
    taxonomy: Path = DEFAULT_TAXONOMY
    keep_duplicates: bool = False
    workers: int

    def __post_init__(self) -> None:
        for option in ("max_aspect", "min_count", "workers"):
            if not getattr(self, option) >= 1:
                raise UserError(f"--{option.replace('_', '-')} {getattr(self, option):g}: give 1 or more")


class Refusal(NamedTuple):
    """A row of rejected.csv."""

    file: str
    reason: str


@dataclass(frozen=True)
class Picture:
    """A usable picture, without its pixels."""

    record: Record
    digest: str
    """SHA-256 of the decoded picture."""
    num_pixels: int
    """Before the picture is resized."""
    perceptual: UInt8[np.ndarray, "2 32"]


Result = tuple[Picture, dict[int, bytes]] | Refusal
"""A picture with its pixels at each size, or why there is none."""


def read_pictures(listing: Listing, folder: Path, settings: PreparationSettings) -> tuple[list[Picture], list[Refusal]]:
    """Write the pixels to `images-SIZE.raw` in the folder; return usable pictures in that order, and refusals."""
    pictures, refused = [], []
    with ExitStack() as stack:
        raw = {size: stack.enter_context((folder / f"images-{size}.raw").open("wb")) for size in settings.sizes}
        progress = stack.enter_context(tqdm(total=listing.total, unit="picture", dynamic_ncols=True, mininterval=1.0))
        pool = ProcessPoolExecutor(settings.workers)
        stack.callback(pool.shutdown, cancel_futures=True)
        for result in _results(pool, iter(listing.entries), settings):
            progress.update()
            if isinstance(result, Refusal):
                refused.append(result)
                continue
            picture, pixels = result
            pictures.append(picture)
            for size, image in pixels.items():
                raw[size].write(image)
    return pictures, refused


def _results(pool: ProcessPoolExecutor, entries: Iterator[Entry], settings: PreparationSettings) -> Iterator[Result]:
    """Yield the results in the order of the entries. While one round is read the next is listed, but no more."""
    ahead: Iterator[Result] = iter(())
    while some := list(itertools.islice(entries, ROUND * settings.workers)):
        behind, ahead = ahead, pool.map(partial(_read, settings), some, chunksize=CHUNK)
        yield from behind
    yield from ahead


def _read(settings: PreparationSettings, entry: Entry) -> Result:
    try:
        picture = trim(entry.read()) if settings.trim else entry.read()
        shape, wanted = f"{picture.width}x{picture.height} pixels", max(settings.sizes)
        if max(picture.size) > settings.max_aspect * min(picture.size):
            raise Rejected(f"{shape}, longer than {settings.max_aspect:g} to 1 (see --max-aspect)")
        if min(picture.size) < wanted and not settings.enlarge:
            raise Rejected(f"{shape}, smaller than {wanted} (see --enlarge)")
        square = make_square(picture, settings.fit)
        pixels = {size: resize(square, size).tobytes() for size in settings.sizes}
        digest = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
        perceptual = perceptual_hashes(resize(square, 64))
    except Rejected as rejection:
        return Refusal(entry.record.name, str(rejection))
    except MemoryError:
        return Refusal(entry.record.name, "needs more memory than is free; try fewer --workers")
    return Picture(entry.record, digest, picture.width * picture.height, perceptual), pixels
