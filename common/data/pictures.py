"""One picture's bytes in, a square RGB picture of one size out, or the reason why not."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES = 200 * 2**20
MAX_PIXELS = 100_000_000
FITS = ("crop", "squash", "pad")
RESIZE_FILTER = "lanczos"


class Rejected(Exception):
    """A picture that cannot be used; the message is the reason that rejected.csv gives."""


def decode(data: bytes) -> Image.Image:
    """The picture that `data` encodes, upright, in RGB. Raises Rejected with the reason."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as picture:
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
            return ImageOps.pad(picture, (max(picture.size),) * 2, Image.Resampling.LANCZOS, color=(128, 128, 128))
        case _:
            raise ValueError(f"unknown fit {fit!r}; known: {', '.join(FITS)}")


def resize(picture: Image.Image, size: int) -> Image.Image:
    """The picture at size x size pixels, by the filter that dataset.json names."""
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        # Pillow clips 16-bit grey to 8 instead of scaling it, and computes with one byte order alone.
        picture = picture.convert("I").point(lambda value: value / 257).convert("L")
    if picture.has_transparency_data:
        canvas = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(canvas, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")
