"""The colours of the roles, and changes of colour that several styles share.

Colours are float32 arrays [n 3] or [h w 3], red, green and blue from 0 to 1.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from common.preparing.procedural.shapes import Shape

Colours = NDArray[np.float32]

NATURAL = {
    "sky": "8fb8de a9c8e6 6f9fd0 c9d6e0 f0d9a8 e8b08a",
    "cloud": "f4f1ea e6dad2",
    "sun": "fbe08a f8b850",
    "mountain": "7d8fb0 8f86ae 6f8f9a",
    "hill": "5f8a4e 7fa05a 4f7a63 8f9a4a",
    "field": "b9b65a d6c063 8fb15a c99d5c",
    "path": "d9c39a c7a67c bfb3a4",
    "foliage": "2f6a3a 4a8038 6a842c b0702c",
    "trunk": "5a3d28",
    "water": "2f6aa0 3f88a0 2f5f8f 4a86b0",
    "foam": "eaf1f4",
    "wall": "d9b48a c98a62 e3d2b0 a8a29a b86a50 8f7f86",
    "roof": "a8452f 7a3a34 5a5a66 8f5a3a",
    "window": "2d3a52",
    "wood": "7a4a28 5a3620 94643a 3f3a44",
    "sail": "f6eedc ecd0a0 d0603f",
    "cloth": "a83232 2f5d8a 3d7a4f d0a03a 6a3a72 33343f c96a3a",
    "linen": "efe6d2 ddd0b8",
    "skin": "e8ba92 dca27a c08a60 8f5c3c",
    "lips": "b04a44",
    "hair": "2d2018 5a3820 8f5f2c c99a4a 9a9088",
    "ink": "1c1820",
    "shadow": "1c1820",
    "backdrop": "7d94a0 a07a54 4f6a8a 8a5a54 b8a878 6f8a6a",
    "table": "8f5a32 6f4428 a8784a",
    "fruit": "c93a2c e0a02c 8fa83a d9702c 6a2a4a",
    "glass": "2f5a4a 3a5a7a 5a4a2a",
    "pot": "b8683f d8c8a8 4a6a9a 8f8a82",
    "flower": "d84a5a f0c23c f3e6e0 8a5ab0",
    "paint": "c9322c 2c5aa8 e8b82c 2f8a5a e07a2c 6a3a8a e8dcc0 2a2630",
    "ground": "e6dcc4 c9b48a 5a5260",
}
"""The colours of each role, before a style changes them."""


def natural(shapes: Sequence[Shape], haze: float = 0.7) -> Colours:
    """Return the natural colour of each shape [n 3]; far ones turn to the colour of air."""
    own = np.zeros((len(shapes), 3), np.float32)
    for index, shape in enumerate(shapes):
        colours = hexed(NATURAL[shape.role])
        own[index] = colours[min(int(shape.pick * len(colours)), len(colours) - 1)]
    far = haze * np.array([shape.far for shape in shapes], np.float32)[:, None]
    return own + far * (hexed("b8c4d0") - own)


def vivid(colours: Colours, strength: float) -> Colours:
    """Move colours [n 3] away from grey."""
    grey = colours.mean(axis=1, keepdims=True)
    return np.clip(grey + strength * (colours - grey), 0.0, 1.0)


def nearest(colours: Colours, inks: Colours) -> Colours:
    """Replace each colour [n 3] by the most similar of the inks [m 3]."""
    return inks[((colours[:, None] - inks) ** 2).sum(axis=2).argmin(axis=1)]


@cache
def hexed(codes: str) -> Colours:
    """Colours [n 3] from "rrggbb rrggbb"."""
    return np.array([list(bytes.fromhex(code)) for code in codes.split()], np.float32) / np.float32(255.0)
