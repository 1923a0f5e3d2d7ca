"""Paint a picture from a genre (one of `GENRES`), a style (one of `STYLES`) and a seed."""

import hashlib

import numpy as np
from PIL import Image

from common.errors import suggest
from common.preparing.procedural.genres import COMPOSITIONS
from common.preparing.procedural.styles import HANDLINGS

GENRES: tuple[str, ...] = tuple(COMPOSITIONS)
STYLES: tuple[str, ...] = tuple(HANDLINGS)

SMALLEST_CANVAS = 128
"""In pixels. Brush marks need this many, so smaller pictures are painted at this size and shrunk."""


def paint(genre: str, style: str, seed: int, size: int = 256) -> Image.Image:
    """Return an RGB picture of size x size pixels.

    The same genre, style and seed give the same picture, at any size. Raises ValueError if the genre or style is
    unknown or the size is below 1.
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
