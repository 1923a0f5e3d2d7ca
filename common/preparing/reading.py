"""Read the pictures of a source in worker processes: make each square, at all sizes, or say why it is refused.

The main process writes the pixels to one raw file for each size; `preparation` copies the pictures that are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int8, UInt8
from tqdm import tqdm

from common.preparing.duplicates import colours_of, perceptual_hashes
from common.preparing.labelling import DEFAULT_TAXONOMY
from common.preparing.pictures import LEAST_SIDE, Rejected
from common.preparing.sources.files import Entry, Listing, Record
from common.preparing.squares import make_square, resize, trim


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


Result = tuple[Picture | Refusal, list[bytes]]
"""A picture with its pixels at each size, or why there is none."""


def read_pictures(listing: Listing, folder: Path, settings: PreparationSettings) -> tuple[list[Picture], list[Refusal]]:
    """Write the pixels to `images-SIZE.raw` in the folder; return usable pictures in that order, and refusals."""
    pictures, refused = [], []
    with ExitStack() as stack:
        raw = [stack.enter_context((folder / f"images-{size}.raw").open("wb")) for size in settings.sizes]
        progress = stack.enter_context(tqdm(total=listing.total, unit="picture", dynamic_ncols=True, mininterval=1.0))
        pool = ProcessPoolExecutor(settings.workers)
        stack.callback(pool.shutdown, cancel_futures=True)
        for found, pixels in _results(pool, iter(listing.entries), settings):
            progress.update()
            if isinstance(found, Picture):
                pictures.append(found)
                for file, image in zip(raw, pixels, strict=True):
                    file.write(image)
            else:
                refused.append(found)
    return pictures, refused


def _results(pool: ProcessPoolExecutor, entries: Iterator[Entry], settings: PreparationSettings) -> Iterator[Result]:
    """Yield the results in the order of the entries. While one round is read the next is listed, but no more."""
    ahead: Iterator[Result] = iter(())
    while some := list(islice(entries, 64 * settings.workers)):
        behind, ahead = ahead, pool.map(partial(_read, settings), some, chunksize=8)
        yield from behind
    yield from ahead


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
