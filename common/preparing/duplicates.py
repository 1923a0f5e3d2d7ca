"""Find near-duplicates: pictures, mirrored or not, whose perceptual hashes differ in few bits."""

from __future__ import annotations

import imagehash
import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image, ImageOps
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

BITS = 256
MAX_DISTANCE = 48
"""Pictures whose hashes differ in at most this many bits are near-duplicates.

Measured on 20 000 paintings: each pair up to this distance shows the same painting (another photograph, crop or tint)
or another version of it by its painter. From 62 bits on, different portraits with similar backgrounds match.
"""
_BLOCK = 256


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
    for start in range(0, count, _BLOCK):
        for view in (0, 1):
            products = signs[start : start + _BLOCK, view] @ upright[start:].T
            near.append(np.argwhere(products >= BITS - 2 * MAX_DISTANCE) + start)
    row, column = np.concatenate(near).T
    links = coo_matrix((np.ones(len(row), dtype=bool), (row, column)), shape=(count, count))
    groups = np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
    return groups[np.argsort(in_order)[places.reshape(-1)]]
