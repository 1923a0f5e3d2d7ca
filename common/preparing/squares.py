"""Trim a picture, make it square and resize it. `reading` does so with every picture of a source."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageOps

from common.preparing.pictures import MAX_PIXELS

BORDER_TOLERANCE = 16
"""Largest difference (of 255) between a pixel of a uniform border and the border's corner."""
BORDER_DUST = 0.02
"""Share of a border row's (or column's) pixels that may differ by more: dust, scratches."""
TRIM_ROUNDS = 8
"""Number of nested borders to cut at most; each round reads the whole remaining picture."""
FITS = ("crop", "squash", "pad")
RESIZE_FILTER = "lanczos"


def trim(picture: Image.Image) -> Image.Image:
    """Cut uniform borders off an RGB picture: mats, frames inside mats, black bars.

    If less than half of a side would remain, return the picture unchanged: the uniform area is its own background.
    """
    pixels = np.asarray(picture).astype(np.int16)
    left, top, right, bottom = 0, 0, *picture.size
    for _ in range(TRIM_ROUNDS):
        shrunk = False
        for row, column in ((top, left), (bottom - 1, right - 1)):
            uneven = np.abs(pixels[top:bottom, left:right] - pixels[row, column]).max(axis=2) > BORDER_TOLERANCE
            rows = np.flatnonzero(uneven.mean(axis=1) > BORDER_DUST)
            columns = np.flatnonzero(uneven.mean(axis=0) > BORDER_DUST)
            if len(rows) == 0 or len(columns) == 0:
                return picture
            before = (left, top, right, bottom)
            top, bottom = top + int(rows[0]), top + int(rows[-1]) + 1
            left, right = left + int(columns[0]), left + int(columns[-1]) + 1
            if right - left < picture.width / 2 or bottom - top < picture.height / 2:
                return picture
            shrunk |= before != (left, top, right, bottom)
        if not shrunk:
            break
    return picture.crop((left, top, right, bottom))


def make_square(picture: Image.Image, fit: str) -> Image.Image:
    """Cut out the picture's centre (`crop`), pad it with grey (`pad`), or leave it as it is (`squash`)."""
    if fit == "crop":
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        return picture.crop((left, top, left + side, top + side))
    if fit == "pad":
        # Padding a long picture to its longer side could take far more memory than the picture itself.
        side = min(max(picture.size), math.isqrt(MAX_PIXELS))
        return ImageOps.pad(picture, (side, side), Image.Resampling.LANCZOS, color=(128, 128, 128))
    return picture


def resize(picture: Image.Image, size: int) -> Image.Image:
    """Resize the picture to size x size pixels with RESIZE_FILTER."""
    return picture.resize((size, size), Image.Resampling.LANCZOS)
