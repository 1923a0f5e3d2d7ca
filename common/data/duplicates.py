"""Near-duplicates: pictures whose perceptual hashes lie within a few bits of each other."""

from __future__ import annotations

import imagehash
import numpy as np
from jaxtyping import Int, UInt64
from PIL import Image
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

MAX_DISTANCE = 6
"""Bits of 256 by which two copies of one picture may differ."""


def perceptual_hash(picture: Image.Image) -> UInt64[np.ndarray, "4"]:
    """256 bits of the picture's low frequencies (pHash)."""
    bits = imagehash.phash(picture, hash_size=16).hash
    return np.packbits(bits.ravel()).view(np.uint64)


def duplicate_groups(hashes: UInt64[np.ndarray, "n 4"]) -> Int[np.ndarray, "n"]:
    """For each picture the number of its group; pictures linked by a chain of near-duplicates share one."""
    rows, columns = [], []
    for start in range(0, len(hashes), 512):
        block = hashes[start : start + 512]
        distances = np.zeros((len(block), len(hashes)), dtype=np.uint16)
        for word in range(hashes.shape[1]):
            distances += np.bitwise_count(block[:, word, None] ^ hashes[None, :, word])
        near = np.argwhere(distances <= MAX_DISTANCE)
        rows.append(near[:, 0] + start)
        columns.append(near[:, 1])
    row, column = np.concatenate(rows), np.concatenate(columns)
    links = coo_matrix((np.ones(len(row), dtype=bool), (row, column)), shape=(len(hashes), len(hashes)))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
