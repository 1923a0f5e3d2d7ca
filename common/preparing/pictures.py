"""Decode a file into an upright RGB picture, or say why it cannot be used. `squares` makes it square.

A large JPEG is decoded at a half, a quarter or an eighth of its size, which takes a fraction of the time and memory.
"""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from common.errors import missing_package
from common.preparing.depth import colours_of_deep, grey_of_deep, holds_deep_colours, is_dark

Image.init()
_KINDS = tuple({"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP"} & set(Image.OPEN))
"""Formats to decode. Other Pillow readers can be unsafe: some start programs or open files named in the data."""
_ANIMATED = {"AVIF", "GIF", "PNG", "WEBP"}
MAX_BYTES = 200 * 2**20
MAX_MEMORY = 2**30
"""Bytes that the pixels of one picture may take while it is decoded."""
MAX_PIXELS = 100_000_000
"""A larger picture is reduced once it is decoded: what follows needs several copies of it."""
LEAST_SIDE = 512
"""A large JPEG's shorter side is decoded to no less: twice the largest side that a dataset stores.

It does not depend on --sizes, so neither do a picture's checksum and its split.
"""
MAX_FRAMES = 100
"""Frames, or pages, of one file to look at."""
LEAST_SHARE = 0.95
"""Share of a JPEG's pixels that must be there if its end is missing."""
FINE_DETAIL = 16
"""Difference (of 255) that counts as none where the end of a progressive JPEG is missing: it holds fine detail."""
BLANK = 8
"""Largest difference (of 255) between the pixels of a frame that shows nothing."""
_SRGB = ImageCms.createProfile("sRGB")

LACKS_END = "lack their end: taken down to the last whole row"
EMPTY_FRAME = "begin with an empty frame: the first that shows something is taken"
LARGER_PAGE = "have larger pages than the first: the largest is taken"
OTHER_DEPTH = "hold 12 bits in 16, 32-bit numbers or the like: scaled by what is there"


class Rejected(Exception):
    """A picture cannot be used; the message is the reason in rejected.csv."""


@dataclass(frozen=True)
class Decoded:
    """A picture in RGB, upright, perhaps reduced."""

    image: Image.Image
    full_size: tuple[int, int]
    """Width and height before it was reduced."""
    remarks: tuple[str, ...] = ()
    """What was done to a picture that is not as it should be: of the texts above, for the summary."""


def reason_of(error: Exception) -> str:
    """Return what an exception says in one line, its type if it says nothing."""
    said = getattr(error, "strerror", None) or str(error)
    return " ".join(said.split())[:200] or type(error).__name__


def decode(data: bytes, least_side: int = LEAST_SIDE) -> Decoded:
    """Decode a picture to RGB, upright (EXIF); of several frames the first that shows something, of pages the largest.

    A JPEG's shorter side is reduced to no less than `least_side`. Raises Rejected with the reason.
    """
    if not data:
        raise Rejected("is empty: 0 bytes")
    try:
        with warnings.catch_warnings(), _without_pillows_limit():
            warnings.simplefilter("ignore")
            with _opened(data) as picture:
                return _decoded(picture, data, least_side)
    except (Rejected, MemoryError):
        raise
    except UnidentifiedImageError:
        raise Rejected("is not a picture in a supported format") from None
    except Exception as error:
        # Decoders raise exceptions of many types.
        raise Rejected(f"cannot be decoded: {reason_of(error)}") from None


@contextlib.contextmanager
def _without_pillows_limit() -> Iterator[None]:
    """Lift Pillow's limit on pixels, in place of which `_require_memory` stands."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _opened(data: bytes) -> Image.Image:
    """Open a picture. Raises UnidentifiedImageError, or Rejected if a package that reads its format is missing."""
    try:
        return Image.open(io.BytesIO(data), formats=_KINDS)
    except UnidentifiedImageError:
        if data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}:
            kind = "HEIF"
        elif data.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")):
            kind = "JXL"
        else:
            raise
    try:
        if kind == "HEIF":
            import pillow_heif

            pillow_heif.register_heif_opener()
        else:
            import pillow_jxl  # noqa: F401
    except ImportError:
        name, package = {"HEIF": ("HEIC", "pillow-heif"), "JXL": ("JPEG XL", "pillow-jxl-plugin")}[kind]
        raise Rejected(str(missing_package(f"a picture in {name}", package, extra="formats"))) from None
    return Image.open(io.BytesIO(data), formats=[kind])


def _decoded(picture: Image.Image, data: bytes, least_side: int) -> Decoded:
    full_size = picture.size
    if picture.format in {"JPEG", "MPO"}:
        remarks: list[str] = []
        try:
            image = _to_rgb(_loaded_jpeg(picture, least_side))
        except OSError as error:
            cut = _jpeg_without_end(data, least_side, error)
            full_size = full_size[0], round(full_size[0] * cut.height / cut.width)
            image, remarks = _to_rgb(cut), [LACKS_END]
    else:
        image, remarks = _first_frame(picture, data)
        full_size = picture.size
    is_turned = (image.width > image.height) != (full_size[0] > full_size[1])
    return Decoded(image, full_size[::-1] if is_turned else full_size, tuple(remarks))


def _loaded_jpeg(picture: Image.Image, least_side: int) -> Image.Image:
    full = picture.width * picture.height
    if min(picture.size) >= 2 * least_side:
        picture.draft(None, (least_side, least_side))
    _require_memory(picture, picture.width * picture.height * 4)
    if picture.info.get("progressive"):
        # libjpeg holds the coefficients of all pixels: two bytes for each of three colours.
        _require_memory(picture, full * 6)
    picture.load()
    return picture


def _jpeg_without_end(data: bytes, least_side: int, error: OSError) -> Image.Image:
    """Decode a JPEG that could not be decoded as it is, with two ends in place of a missing one, and compare.

    What differs was not there. Raises Rejected if that is too much, and the error if the end is not what is amiss.
    """
    body, views = data.rstrip(b"\xff"), []
    for filler in (b"", bytes(range(1, 255)) * (len(data) // 1000 + 4)):
        try:
            with _opened(body + filler + b"\xff\xd9") as picture:
                views.append(_loaded_jpeg(picture, least_side))
        except OSError:
            raise error from None
    first, second = (np.asarray(view.convert("RGB")).astype(np.int16) for view in views)
    is_progressive = bool(views[0].info.get("progressive"))
    differs = (np.abs(first - second) > (FINE_DETAIL if is_progressive else 0)).any(axis=2)
    if differs.mean() > 1 - LEAST_SHARE:
        raise Rejected("cannot be decoded: the file ends too early")
    if is_progressive or not differs.any():
        return views[0]
    return views[0].crop((0, 0, views[0].width, int(differs.any(axis=1).argmax())))


def _first_frame(picture: Image.Image, data: bytes) -> tuple[Image.Image, list[str]]:
    """Return the first frame that shows something, of pages the largest, in RGB; else the first, with remarks."""
    found: tuple[Image.Image, list[str]] | None = None
    shape, frames = picture.size, _frames(picture)
    for number in frames:
        if frames != [0]:
            try:
                picture.seek(number)
            except EOFError:
                break
        image, remarks = _loaded(picture, data, number)
        if number > 0:
            remarks.append(EMPTY_FRAME if picture.size == shape else LARGER_PAGE)
        extrema: Any = image.getextrema()
        shows = len(frames) == 1 or max(high - low for low, high in extrema) > BLANK
        if shows or found is None:
            found = image, remarks
        if shows:
            break
    assert found is not None
    return found


def _frames(picture: Image.Image) -> Sequence[int]:
    """Return the numbers of the frames to look at: the largest pages of a TIFF, all of an animation, or the only one.

    The picture is at the first of them.
    """
    with contextlib.suppress(Exception):
        # The first picture of a file may be whole, and the rest damaged.
        if picture.format in _ANIMATED and getattr(picture, "is_animated", False):
            return range(MAX_FRAMES)
    if picture.format != "TIFF":
        return [0]
    sizes = []
    with contextlib.suppress(Exception):
        for number in range(MAX_FRAMES):
            picture.seek(number)
            sizes.append(picture.width * picture.height)
    largest = [number for number, size in enumerate(sizes) if size == max(sizes)]
    picture.seek(largest[0])
    return largest


def _loaded(picture: Image.Image, data: bytes, number: int) -> tuple[Image.Image, list[str]]:
    """Load one frame; return it in RGB, with remarks."""
    # Of two colours a copy in greys is made.
    bytes_of_pixel = 1 if picture.mode == "L" else 2 if picture.mode == "1" or picture.mode.startswith("I;16") else 4
    _require_memory(picture, picture.width * picture.height * bytes_of_pixel)
    is_deep = holds_deep_colours(picture)
    picture.load()
    if picture.mode == "F" or picture.mode.startswith("I"):
        grey, white = grey_of_deep(picture)
        return _to_rgb(grey), [OTHER_DEPTH] if white != 65535 else []
    if is_deep and is_dark(picture):
        # Pillow took the high bytes alone.
        with _opened(data) as again:
            again.seek(number)
            return _to_rgb(colours_of_deep(picture, again)), [OTHER_DEPTH]
    return _to_rgb(picture), []


def _require_memory(picture: Image.Image, needed: int) -> None:
    if needed > MAX_MEMORY:
        size, gibibytes = f"{picture.width}x{picture.height}", f"{needed / 2**30:.1f} GiB"
        raise Rejected(f"too large: {size} pixels take {gibibytes} of memory, over {MAX_MEMORY / 2**30:g}; reduce it")


def _to_rgb(picture: Image.Image) -> Image.Image:
    """Convert to sRGB, upright, over white, from the picture's ICC profile; without one, or a broken one, from sRGB."""
    times = math.ceil(math.sqrt(picture.width * picture.height / MAX_PIXELS))
    if times > 1:
        whole = picture.convert("L" if picture.mode == "1" else "RGBA") if picture.mode in {"1", "P"} else picture
        picture = whole.reduce(times)
    with contextlib.suppress(Exception):
        # Metadata may be damaged in many ways; the picture is then as good as one without any.
        picture = ImageOps.exif_transpose(picture)
    profile = picture.info.get("icc_profile")
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
