"""From a genre, a style and a seed to a picture; `GENRES` and `STYLES` are the names that are known."""

import hashlib

import numpy as np
from PIL import Image

from common.data.procedural.genres import COMPOSITIONS
from common.data.procedural.styles import HANDLINGS
from common.errors import suggest

GENRES: tuple[str, ...] = tuple(COMPOSITIONS)
STYLES: tuple[str, ...] = tuple(HANDLINGS)

SMALLEST_CANVAS = 128
"""In pixels. Brush marks need room: a smaller picture is painted at this size and shrunk."""


def paint(genre: str, style: str, seed: int, size: int = 256) -> Image.Image:
    """The RGB picture, size x size pixels, that belongs to the genre, style and seed.

    The same arguments give the same picture, and another size shows the same composition.

    Raises ValueError for a genre or style that is not known, and for a size below 1.
    """
    if genre not in COMPOSITIONS:
        raise ValueError(f"unknown genre {genre!r}{suggest(genre, GENRES)}")
    if style not in HANDLINGS:
        raise ValueError(f"unknown style {style!r}{suggest(style, STYLES)}")
    if size < 1:
        raise ValueError(f"a picture cannot be {size} pixels wide; size must be at least 1")
    digest = hashlib.sha256(f"{genre}/{style}/{seed}".encode()).digest()
    composing, handling = np.random.default_rng(int.from_bytes(digest, "big")).spawn(2)
    scene = COMPOSITIONS[genre](composing)
    colours = HANDLINGS[style](scene, handling, max(size, SMALLEST_CANVAS))
    image = Image.fromarray((np.clip(colours, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8))
    return image if image.width == size else image.resize((size, size), Image.Resampling.BOX)
