"""The tables of genres and styles, and `paint`, which draws a picture of a genre in a style.

A genre composes shapes from back to front, each with a role such as sky or skin. A style renders them. Neither knows
the other. A new genre is a function from a random generator to shapes, named in `COMPOSITIONS`. A new style is a
function from shapes, a random generator and a size to colours, named in `RENDERINGS`.
"""

import hashlib

import numpy as np
from PIL import Image

from common.preparing.procedural.places import cityscape, landscape, marina
from common.preparing.procedural.portrait import portrait
from common.preparing.procedural.styles import cubism, expressionism, impressionism, pointillism, renaissance, ukiyo_e
from common.preparing.procedural.subjects import abstract, still_life

COMPOSITIONS = {
    make.__name__.replace("_", "-"): make for make in (abstract, cityscape, landscape, marina, portrait, still_life)
}
RENDERINGS = {
    make.__name__.replace("_", "-"): make
    for make in (cubism, expressionism, impressionism, pointillism, renaissance, ukiyo_e)
}


def paint(genre: str, style: str, seed: int, size: int = 256) -> Image.Image:
    """Return an RGB picture of size x size pixels; the same genre, style and seed give the same picture at any size."""
    digest = hashlib.sha256(f"{genre}/{style}/{seed}".encode()).digest()
    composing, rendering = np.random.default_rng(int.from_bytes(digest, "big")).spawn(2)
    shapes = list(COMPOSITIONS[genre](composing))
    # Pictures of less than 192 pixels are drawn at that size and shrunk, which smooths their edges.
    colours = RENDERINGS[style](shapes, rendering, max(size, 192))
    image = Image.fromarray((np.clip(colours, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8))
    return image if image.width == size else image.resize((size, size), Image.Resampling.BOX)
