"""Decode a picture, trim it, make it square and resize it; a picture that cannot be used is rejected with a reason."""

from __future__ import annotations

import contextlib
import io
import math
import warnings

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

Image.init()
_KINDS = tuple({"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP"} & set(Image.OPEN))
"""Formats to decode. Other Pillow readers can be unsafe: some start programs or open files named in the data."""
MAX_BYTES = 200 * 2**20
MAX_PIXELS = 100_000_000

BORDER_TOLERANCE = 16
"""Largest difference (of 255) between a pixel of a uniform border and the border's corner."""
BORDER_DUST = 0.02
"""Share of a border row's (or column's) pixels that may differ by more: dust, scratches."""
TRIM_ROUNDS = 8
"""Number of nested borders to cut at most; each round reads the whole remaining picture."""
_SRGB = ImageCms.createProfile("sRGB")
FITS = ("crop", "squash", "pad")
RESIZE_FILTER = "lanczos"


class Rejected(Exception):
    """A picture cannot be used; the message is the reason in rejected.csv."""


def reason_of(error: Exception) -> str:
    """Return what an exception says in one line, its type if it says nothing."""
    said = getattr(error, "strerror", None) or str(error)
    return " ".join(said.split())[:200] or type(error).__name__


def decode(data: bytes) -> Image.Image:
    """Decode a picture to RGB, upright (EXIF), the first frame of several. Raises Rejected with the reason."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_KINDS) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise Rejected(f"too large: {picture.width}x{picture.height} pixels")
                picture.load()
                return _to_rgb(ImageOps.exif_transpose(picture))
    except Rejected:
        raise
    except UnidentifiedImageError:
        raise Rejected("is not a picture in a supported format") from None
    except Exception as error:
        # Decoders raise exceptions of many types.
        raise Rejected(f"cannot be decoded: {reason_of(error)}") from None


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


def _to_rgb(picture: Image.Image) -> Image.Image:
    """Convert to sRGB, over white, from the picture's ICC profile; without a profile, or a broken one, from sRGB."""
    profile = picture.info.get("icc_profile")
    if picture.mode == "F":
        raise Rejected("has floating-point pixels, whose value for white is unknown; save it with 8 or 16 bits")
    if picture.mode.startswith("I"):
        # Pillow clips 16-bit grey to 8 bits instead of scaling it, and supports arithmetic in one byte order only.
        picture = picture.convert("I").point(lambda value: value / 257).convert("L")
    if picture.has_transparency_data:
        profile = None if picture.mode == "LA" else profile
        canvas = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(canvas, picture.convert("RGBA"))
    if picture.mode not in {"RGB", "CMYK", "L"}:
        picture = picture.convert("RGB")
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            managed = ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB")
            if managed is not None:
                return managed
    return picture.convert("RGB")
