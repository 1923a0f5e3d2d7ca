"""The tables of genres and styles, and `paint`, which draws a picture of a genre in a style.

To add a genre, write a function from a random generator to shapes and add it to `COMPOSITIONS`. To add a style, write
a function from shapes, a random generator and a size to colours and add it to `RENDERINGS`.
"""

import hashlib

import numpy as np
from PIL import Image

from common.preparing.procedural import styles
from common.preparing.procedural.places import cityscape, landscape, marina
from common.preparing.procedural.portrait import portrait
from common.preparing.procedural.subjects import abstract, still_life

COMPOSITIONS = {
    "abstract": abstract,
    "cityscape": cityscape,
    "landscape": landscape,
    "marina": marina,
    "portrait": portrait,
    "still-life": still_life,
}
RENDERINGS = {
    "cubism": styles.cubism,
    "expressionism": styles.expressionism,
    "impressionism": styles.impressionism,
    "pointillism": styles.pointillism,
    "renaissance": styles.renaissance,
    "ukiyo-e": styles.ukiyo_e,
}
GENRES: tuple[str, ...] = tuple(COMPOSITIONS)
STYLES: tuple[str, ...] = tuple(RENDERINGS)

SMALLEST_CANVAS = 192
"""In pixels. Smaller pictures are drawn at this size and shrunk, which smooths their edges."""


def paint(genre: str, style: str, seed: int, size: int = 256) -> Image.Image:
    """Return an RGB picture of size x size pixels; the same genre, style and seed give the same picture at any size."""
    digest = hashlib.sha256(f"{genre}/{style}/{seed}".encode()).digest()
    composing, rendering = np.random.default_rng(int.from_bytes(digest, "big")).spawn(2)
    shapes = list(COMPOSITIONS[genre](composing))
    colours = RENDERINGS[style](shapes, rendering, max(size, SMALLEST_CANVAS))
    image = Image.fromarray((np.clip(colours, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8))
    return image if image.width == size else image.resize((size, size), Image.Resampling.BOX)
