"""One picture's bytes in, a square RGB picture of one size out, or the reason why not."""

from __future__ import annotations

import contextlib
import io
import math
import warnings

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

Image.init()
_KINDS: tuple[str, ...] = tuple(
    {"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP"} & set(Image.OPEN)
)
"""Pillow's names of what is decoded; some of its other readers start programs or follow what a file says."""
MAX_BYTES = 200 * 2**20
MAX_PIXELS = 100_000_000
MAX_ASPECT = 4.0
"""Longer side over shorter, beyond which a square shows too little of a picture."""
BORDER_TOLERANCE = 16
"""Of 255: by how much an even border may differ from its corner."""
BORDER_DUST = 0.02
"""Share of a border's row or column that may be anything."""
TRIM_ROUNDS = 8
"""Borders within borders that are looked for at most: each round costs a look at all that is left."""
_SRGB = ImageCms.createProfile("sRGB")
FITS = ("crop", "squash", "pad")
RESIZE_FILTER = "lanczos"


class Rejected(Exception):
    """A picture that cannot be used; the message is the reason that rejected.csv gives."""


def decode(data: bytes) -> Image.Image:
    """The picture that `data` encodes, upright, in RGB; the first where there are several.

    Raises Rejected with the reason.
    """
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
        raise Rejected("is no picture of a known kind") from None
    except Exception as error:
        # Decoders fail in too many ways to name: whatever they say is the reason.
        raise Rejected(f"does not decode: {' '.join(str(error).split()) or type(error).__name__}") from None


def trim(picture: Image.Image) -> Image.Image:
    """An RGB picture without even borders: mats, frames within them, black bars.

    Where less than half of a side would be left, the picture stays as it is: what is even there is its own ground.
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
    """The picture made square: its centre (`crop`), all of it distorted (`squash`), or all of it on grey (`pad`)."""
    side = min(picture.size)
    match fit:
        case "crop":
            left, top = (picture.width - side) // 2, (picture.height - side) // 2
            return picture.crop((left, top, left + side, top + side))
        case "squash":
            return picture
        case "pad":
            # A square on the longer side of a long picture may be many times as large as what is decoded.
            side = min(max(picture.size), math.isqrt(MAX_PIXELS))
            return ImageOps.pad(picture, (side, side), Image.Resampling.LANCZOS, color=(128, 128, 128))
        case _:
            raise ValueError(f"unknown fit {fit!r}; known: {', '.join(FITS)}")


def resize(picture: Image.Image, size: int) -> Image.Image:
    """The picture at size x size pixels, by the filter that dataset.json names."""
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def _to_rgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode == "F":
        raise Rejected("has floating-point pixels, whose white is not known; save it with 8 or 16 bits")
    if picture.mode.startswith("I"):
        # Pillow clips 16-bit grey to 8 instead of scaling it, and computes with one byte order alone.
        picture = picture.convert("I").point(lambda value: value / 257).convert("L")
    if picture.has_transparency_data:
        canvas = Image.new("RGBA", picture.size, "white")
        opaque = Image.alpha_composite(canvas, picture.convert("RGBA")).convert("RGB")
        return _to_srgb(opaque, profile if picture.mode != "LA" else None)
    return _to_srgb(picture, profile)


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours that the profile means; those of the bare numbers where it is absent or broken."""
    if picture.mode not in {"RGB", "CMYK", "L"}:
        picture = picture.convert("RGB")
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            managed = ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB")
            if managed is not None:
                return managed
    return picture.convert("RGB")
