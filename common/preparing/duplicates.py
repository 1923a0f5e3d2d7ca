"""Find near-duplicates: pictures, mirrored or not, whose perceptual hashes differ in few bits, in the same colours.

`preparation` keeps one of each. Those that differ in colour alone, such as prints of one block, are all kept, but in
one split.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import imagehash
import numpy as np
from jaxtyping import Float32, Int, Int8, UInt8
from PIL import Image, ImageOps
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

MAX_DISTANCE = 48
"""Pictures whose hashes differ in at most this many bits are near-duplicates.

Measured on 20 000 paintings: each pair up to this distance shows the same painting (another photograph, crop or tint)
or another version of it by its painter. From 62 bits on, different portraits with similar backgrounds match.
"""
MAX_COLOUR_DIFFERENCE = 0.6
"""Largest `colour_difference` of pictures in the same colours.

Of 120 paintings all stay below when darkened to 0.7, faded to 0.6, tinted by 15 % or turned by 40 degrees of hue, and
86 % when tinted by 30 %. Turned by 90 degrees or more, or with red and blue exchanged, 15 % or fewer do, the grey ones.
"""
_BLOCK = 1024
"""Pictures to compare with as many others at a time: memory does not grow with their number."""
_FAINT = 8.0
"""Colourfulness (of 128) of a sixteenth of a picture under which a difference counts little: a tint, yellow varnish."""


def perceptual_hashes(picture: Image.Image) -> UInt8[np.ndarray, "2 32"]:
    """Return the 256-bit pHash (low frequencies) of the picture and of its mirror image."""
    views = (picture, ImageOps.mirror(picture))
    return np.stack([np.packbits(imagehash.phash(view, hash_size=16).hash.ravel()) for view in views])


def duplicate_groups(hashes: UInt8[np.ndarray, "n 2 32"]) -> Int[np.ndarray, "n"]:
    """Return the group number of each picture; a chain of near-duplicates forms one group."""
    # Compare each distinct hash once: n pictures with the same hash, such as blank ones, would make n^2 links.
    _, firsts, places = np.unique(hashes.reshape(len(hashes), -1), axis=0, return_index=True, return_inverse=True)
    in_order = np.argsort(firsts)
    row, column = _near(hashes[firsts[in_order]])
    links = coo_matrix((np.ones(len(row), dtype=bool), (row, column)), shape=(len(firsts), len(firsts)))
    groups = np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
    return groups[np.argsort(in_order)[places.reshape(-1)]]


def _near(hashes: UInt8[np.ndarray, "n 2 32"]) -> Int[np.ndarray, "2 m"]:
    """Return pairs of places whose hashes, upright or mirrored, differ in at most MAX_DISTANCE bits."""
    near = []
    for row in range(0, len(hashes), _BLOCK):
        ours = _signs(hashes[row : row + _BLOCK].reshape(-1, 32))
        for column in range(row, len(hashes), _BLOCK):
            theirs = _signs(hashes[column : column + _BLOCK, 0])
            # The dot product of two sign vectors is the number of equal bits minus the number of different bits.
            first, second = np.nonzero(ours @ theirs.T >= 256 - 2 * MAX_DISTANCE)
            near.append(np.stack([first // 2 + row, second + column]))
    return np.concatenate(near, axis=1)


def _signs(hashes: UInt8[np.ndarray, "n 32"]) -> Float32[np.ndarray, "n 256"]:
    return 2 * np.unpackbits(hashes, axis=1).astype(np.float32) - 1


def colours_of(picture: Image.Image) -> Int8[np.ndarray, "4 4 2"]:
    """Return the mean colour, without its brightness, of each sixteenth of a picture: Cb and Cr from -128 to 127."""
    small = picture.resize((4, 4), Image.Resampling.BOX).convert("YCbCr")
    return (np.asarray(small)[..., 1:].astype(np.int16) - 128).astype(np.int8)


def colour_difference(one: Int8[np.ndarray, "4 4 2"], other: Int8[np.ndarray, "4 4 2"]) -> float:
    """Return the share of two pictures' colours that differs, the second mirrored or not: 0 for equal ones, below 2."""
    first = one.astype(np.float32)
    found = []
    for second in (other.astype(np.float32), other[:, ::-1].astype(np.float32)):
        colourful = np.maximum(np.linalg.norm(first, axis=-1), np.linalg.norm(second, axis=-1))
        found.append(np.linalg.norm(first - second, axis=-1).sum() / (colourful + _FAINT).sum())
    return float(min(found))


def copies_of(
    groups: Int[np.ndarray, "n"], colours: Int8[np.ndarray, "n 4 4 2"], order: Iterable[int]
) -> dict[int, int]:
    """Map each picture that shows the same as another of its group, in the same colours, to the one to keep of them.

    `order` lists the pictures that share their group, the best first: each is kept unless it is a copy of one that is.
    """
    kept: dict[int, list[int]] = defaultdict(list)
    copies = {}
    for place in order:
        rivals = kept[int(groups[place])]
        same = (one for one in rivals if colour_difference(colours[one], colours[place]) <= MAX_COLOUR_DIFFERENCE)
        if (better := next(same, None)) is None:
            rivals.append(place)
        else:
            copies[place] = better
    return dict(sorted(copies.items()))
