"""Read the pictures of a source in worker processes: make each square, at all sizes, or say why it is refused.

The main process writes the pixels to one raw file for each size; `preparation` copies the pictures that are kept.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from tqdm import tqdm

from common.preparing.duplicates import perceptual_hashes
from common.preparing.pictures import Rejected, make_square, resize, trim
from common.preparing.settings import PreparationSettings
from common.preparing.sources.listing import Entry, Listing, Record

CHUNK = 64
"""Pictures that a worker reads at a time."""


@dataclass(frozen=True)
class Picture:
    """A usable picture, without its pixels."""

    record: Record
    digest: str
    """SHA-256 of the decoded picture."""
    num_pixels: int
    """Before the picture is resized."""
    perceptual: UInt8[np.ndarray, "2 32"]


class Refusal(NamedTuple):
    """A row of rejected.csv."""

    file: str
    reason: str


Pixels = dict[int, UInt8[np.ndarray, "size size 3"]]
"""A picture at each size."""


def read_pictures(listing: Listing, folder: Path, settings: PreparationSettings) -> tuple[list[Picture], list[Refusal]]:
    """Write the pixels to `images-SIZE.raw` in the folder; return usable pictures in that order, and refusals."""
    pictures, refused = [], []
    with ExitStack() as stack:
        raw = {size: stack.enter_context((folder / f"images-{size}.raw").open("wb")) for size in settings.sizes}
        progress = stack.enter_context(tqdm(total=listing.total, unit="picture", dynamic_ncols=True, mininterval=1.0))
        for result in _results(iter(listing.entries), settings):
            progress.update()
            if isinstance(result, Refusal):
                refused.append(result)
                continue
            picture, pixels = result
            pictures.append(picture)
            for size, image in pixels.items():
                raw[size].write(image.tobytes())
    return pictures, refused


def _results(entries: Iterator[Entry], settings: PreparationSettings) -> Iterator[tuple[Picture, Pixels] | Refusal]:
    """Yield the results in the order of the entries, with only a few chunks in memory."""
    pool = ProcessPoolExecutor(settings.workers)
    waiting: deque[Future[list[tuple[Picture, Pixels] | Refusal]]] = deque()
    try:
        while chunk := list(itertools.islice(entries, CHUNK)):
            waiting.append(pool.submit(_read_chunk, chunk, settings))
            if len(waiting) > 2 * settings.workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _read_chunk(chunk: Sequence[Entry], settings: PreparationSettings) -> list[tuple[Picture, Pixels] | Refusal]:
    return [_read(entry, settings) for entry in chunk]


def _read(entry: Entry, settings: PreparationSettings) -> tuple[Picture, Pixels] | Refusal:
    try:
        picture = _checked(entry.read(), settings)
        square = make_square(picture, settings.fit)
        pixels = {size: np.asarray(resize(square, size)) for size in settings.sizes}
        digest = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
        perceptual = perceptual_hashes(resize(square, 64))
    except Rejected as rejection:
        return Refusal(entry.record.name, str(rejection))
    except MemoryError:
        return Refusal(entry.record.name, "needs more memory than is free; try fewer --workers")
    return Picture(entry.record, digest, picture.width * picture.height, perceptual), pixels


def _checked(picture: Image.Image, settings: PreparationSettings) -> Image.Image:
    """Return the picture, trimmed if that is asked for. Raises Rejected if its shape or size is refused."""
    if settings.trim:
        picture = trim(picture)
    size, wanted = f"{picture.width}x{picture.height} pixels", max(settings.sizes)
    if max(picture.size) > settings.max_aspect * min(picture.size):
        raise Rejected(f"{size}, longer than {settings.max_aspect:g} to 1 (see --max-aspect)")
    if min(picture.size) < wanted and not settings.enlarge:
        raise Rejected(f"{size}, smaller than {wanted} (see --enlarge)")
    return picture
