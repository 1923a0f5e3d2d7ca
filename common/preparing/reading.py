"""Read the pictures of a source in worker processes: make each square, at all sizes, or say why it is refused.

The main process writes the pixels to one raw file for each size; `preparation` copies the pictures that are kept. It
finds near-duplicates, mirrored or not, by perceptual hashes that differ in few bits.
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

import imagehash
import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image, ImageOps
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from tqdm import tqdm

from common.preparing.labelling import DEFAULT_TAXONOMY
from common.preparing.pictures import Rejected, make_square, resize, trim
from common.preparing.sources.files import Entry, Listing, Record

MAX_DISTANCE = 48
"""Pictures whose hashes differ in at most this many bits are near-duplicates.

Measured on 20 000 paintings: each pair up to this distance shows the same painting (another photograph, crop or tint)
or another version of it by its painter. From 62 bits on, different portraits with similar backgrounds match.
"""


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


Refusal = tuple[str, str]
"""A picture's name and the reason why it cannot be used."""


class Picture(NamedTuple):
    """A usable picture, without its pixels."""

    record: Record
    digest: str
    """SHA-256 of the decoded picture."""
    num_pixels: int
    """Before the picture is resized."""
    perceptual: UInt8[np.ndarray, "2 32"]


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
        picture = trim(entry.read()) if settings.trim else entry.read()
        shape, wanted = f"{picture.width}x{picture.height} pixels", max(settings.sizes)
        if max(picture.size) > settings.max_aspect * min(picture.size):
            raise Rejected(f"{shape}, longer than {settings.max_aspect:g} to 1 (see --max-aspect)")
        if min(picture.size) < wanted and not settings.enlarge:
            raise Rejected(f"{shape}, smaller than {wanted} (see --enlarge)")
        square = make_square(picture, settings.fit)
        pixels = [resize(square, size).tobytes() for size in settings.sizes]
        digest = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
        perceptual = perceptual_hashes(resize(square, 64))
    except Rejected as rejection:
        return (entry.record.name, str(rejection)), []
    except MemoryError:
        return (entry.record.name, "needs more memory than is free; try fewer --workers"), []
    return Picture(entry.record, digest, picture.width * picture.height, perceptual), pixels


def perceptual_hashes(picture: Image.Image) -> UInt8[np.ndarray, "2 32"]:
    """Return the 256-bit pHash (low frequencies) of the picture and of its mirror image."""
    views = (picture, ImageOps.mirror(picture))
    return np.stack([np.packbits(imagehash.phash(view, hash_size=16).hash.ravel()) for view in views])


def duplicate_groups(hashes: UInt8[np.ndarray, "n 2 32"]) -> Int[np.ndarray, "n"]:
    """Return the group number of each picture; a chain of near-duplicates forms one group."""
    # Compare each distinct hash once: n pictures with the same hash, such as blank ones, would make n^2 links.
    _, firsts, places = np.unique(hashes.reshape(len(hashes), -1), axis=0, return_index=True, return_inverse=True)
    in_order = np.argsort(firsts)
    # The dot product of two sign vectors is the number of equal bits minus the number of different bits.
    signs = 2 * np.unpackbits(hashes[firsts[in_order]], axis=2).astype(np.float32) - 1
    upright, count = signs[:, 0], len(signs)
    near = []
    for start in range(0, count, 256):
        for view in (0, 1):
            products = signs[start : start + 256, view] @ upright[start:].T
            near.append(np.argwhere(products >= 256 - 2 * MAX_DISTANCE) + start)
    row, column = np.concatenate(near).T
    links = coo_matrix((np.ones(len(row), dtype=bool), (row, column)), shape=(count, count))
    groups = np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
    return groups[np.argsort(in_order)[places.reshape(-1)]]
