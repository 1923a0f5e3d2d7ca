"""Scale pixels of more than 8 bits to 8, for `pictures`. Files seldom say which value is white: it is read off them."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from PIL import Image

WHITES = (255, 1023, 4095, 16383, 65535)
"""Largest values of 8, 10, 12, 14 and 16 bits."""
_ROWS = 256
"""Rows to scale at a time, so that a large picture takes little more memory than its pixels."""
_SWAPPED = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}


def white_of(largest: float, *, floating: bool) -> float:
    """Return the value that means white: the smallest usual one that is not exceeded, or else the largest value.

    It is the largest value too if that is under a quarter of the usual one. Floats are usually 1 where it is white.
    """
    usual = (1, *WHITES) if floating else WHITES
    white = min((white for white in usual if white >= largest), default=largest)
    return white if 4 * largest >= white else largest


def grey_of_deep(picture: Image.Image) -> tuple[Image.Image, float]:
    """Return a loaded picture of integers (modes `I`) or floats (`F`) as 8 bits of grey, and its value of white.

    Values below 0 make the lowest one black. What is not a number is black, the infinite black or white.
    """
    values = np.asarray(picture)
    # Pillow reads unsigned integers of 32 bits as signed ones.
    if picture.mode == "I" and dict(getattr(picture, "tag_v2", {})).get(339) == (1,):
        values = values.view(np.uint32)
    floating = values.dtype.kind == "f"
    finite = values[np.isfinite(values)] if floating else values
    lowest, highest = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    black = min(lowest, 0.0)
    white = white_of(highest - black, floating=floating)
    grey = np.zeros(values.shape, np.uint8)
    for start in range(0, len(values), _ROWS):
        levels = (values[start : start + _ROWS].astype(np.float64) - black) * (255 / white if white else 0)
        grey[start : start + _ROWS] = np.nan_to_num(levels, posinf=255, neginf=0).clip(0, 255)
    scaled = Image.fromarray(grey)
    scaled.info = picture.info
    return scaled, white


def holds_deep_colours(file: Image.Image) -> bool:
    """Return True if a picture that is opened, but not loaded, holds colours of 16 bits each."""
    modes = [str(_raw_mode(tile)[0]) for tile in getattr(file, "tile", ())]
    return bool(modes) and all(mode.startswith(("RGB;16", "RGBA;16", "RGBX;16")) for mode in modes)


def is_dark(picture: Image.Image) -> bool:
    """Return True if the colours of a loaded picture use no more than 6 of 8 bits."""
    extrema: Any = picture.getextrema()
    return max(largest for _, largest in extrema[:3]) <= 63


def colours_of_deep(high: Image.Image, file: Any) -> Image.Image:
    """Return a picture with colours of 16 bits, of which no more than 14 are used, scaled to 8 bits.

    `high` is what Pillow makes of it: the high bytes alone. `file` is the same picture, opened and not yet loaded.
    """
    tiles = []
    for tile in file.tile:
        mode, *rest = _raw_mode(tile)
        swapped = mode[:-1] + _SWAPPED[mode[-1]]
        tiles.append(tile._replace(args=(swapped, *rest) if isinstance(tile.args, tuple) else swapped))
    file.tile = tiles
    file.load()
    pixels, low = np.array(high), np.asarray(file)
    values = pixels[..., :3].astype(np.uint16) << 8 | low[..., :3]
    white = white_of(float(values.max()), floating=False)
    pixels[..., :3] = values * (255 / white if white else 0)
    scaled = Image.fromarray(pixels, high.mode)
    scaled.info = high.info
    return scaled


def _raw_mode(tile: Any) -> tuple[Any, ...]:
    """Return how a tile of Pillow's stores its pixels, and the rest of what its decoder is told."""
    return tile.args if isinstance(tile.args, tuple) else (tile.args,)
