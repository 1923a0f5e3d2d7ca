"""Near-duplicates: pictures, mirrored ones too, whose perceptual hashes lie within a few bits of each other."""

from __future__ import annotations

import imagehash
import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image, ImageOps
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

BITS = 256
MAX_DISTANCE = 48
"""Bits by which two pictures of one composition may differ.

Among 20 000 paintings every pair up to here is one painting photographed, cropped or tinted twice, or a version
that its painter made; from 62 bits on unlike portraits meet on like grounds.
"""
_BLOCK = 256


def perceptual_hashes(picture: Image.Image) -> UInt8[np.ndarray, "2 32"]:
    """256 bits of low frequencies (pHash), of the picture and of its mirror image."""
    views = (picture, ImageOps.mirror(picture))
    return np.stack([np.packbits(imagehash.phash(view, hash_size=16).hash.ravel()) for view in views])


def duplicate_groups(hashes: UInt8[np.ndarray, "n 2 32"]) -> Int[np.ndarray, "n"]:
    """For each picture the number of its group; pictures linked by a chain of near-duplicates share one."""
    # Many pictures of one hash, as a blank one's copies, would have links by the square of their number.
    _, firsts, places = np.unique(hashes.reshape(len(hashes), -1), axis=0, return_index=True, return_inverse=True)
    in_order = np.argsort(firsts)
    return _linked(hashes[firsts[in_order]])[np.argsort(in_order)[places.reshape(-1)]]


def _linked(hashes: UInt8[np.ndarray, "n 2 32"]) -> Int[np.ndarray, "n"]:
    # The scalar product of two rows of signs is the number of equal bits less the number of different ones.
    signs = 2 * np.unpackbits(hashes, axis=2).astype(np.float32) - 1
    upright = signs[:, 0]
    rows, columns = [], []
    for start in range(0, len(hashes), _BLOCK):
        for view in (0, 1):
            products = signs[start : start + _BLOCK, view] @ upright[start:].T
            near = np.argwhere(products >= BITS - 2 * MAX_DISTANCE) + start
            rows.append(near[:, 0])
            columns.append(near[:, 1])
    row, column = np.concatenate(rows), np.concatenate(columns)
    links = coo_matrix((np.ones(len(row), dtype=bool), (row, column)), shape=(len(hashes), len(hashes)))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
