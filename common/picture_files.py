"""Write PNG, WebP and JPEG files that carry metadata. Each file appears complete or not at all.

`stage2.painter.requests` writes one picture, `stage2.painter.commands` many.
"""

from __future__ import annotations

import contextlib
import io
import json
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from common.errors import UserError, suggest
from common.files import write_atomically
from common.machine import own_cores

SUFFIXES = {"png": ".png", "webp": ".webp", "jpeg": ".jpg"}
QUALITY = 92
"""Of WebP and JPEG, from 0 to 100. PNG is lossless."""
WAITING = 64
"""Pictures that may wait for a writing thread. The limit keeps memory flat if encoding is slower than painting."""
_EXIF_DESCRIPTION = 0x010E


def format_of(path: Path) -> str:
    """Return the format that a file's suffix stands for. Raise UserError if there is none."""
    formats = {suffix: name for name, suffix in SUFFIXES.items()} | {".jpeg": "jpeg"}
    suffix = path.suffix.lower()
    if suffix not in formats:
        raise UserError(f"{path}: unknown picture suffix {suffix!r}{suggest(suffix, formats)}")
    return formats[suffix]


def encode(picture: Image.Image, format: str, metadata: Mapping[str, str]) -> bytes:
    """Return the bytes of a file. A PNG holds the metadata as text, a WebP or JPEG as JSON in its EXIF description.

    Raises UserError if the picture is too large for the format.
    """
    file, text = io.BytesIO(), PngInfo()
    for key, value in metadata.items():
        text.add_itxt(key, value)
    if format == "png":
        # For paintings four times as fast as zlib's usual way, and 1 % larger.
        held: dict[str, Any] = {"pnginfo": text, "compress_type": zlib.Z_RLE}
    else:
        held = {"quality": QUALITY, "exif": described(metadata)}
    try:
        picture.save(file, format, **held)
    except (OSError, ValueError):
        size, remedy = f"{picture.width}x{picture.height}", "fewer pictures" if format == "png" else "--format png"
        raise UserError(f"a picture of {size} pixels is too large for {format}; choose {remedy}") from None
    return file.getvalue()


def described(metadata: Mapping[str, str]) -> Image.Exif:
    """Return EXIF data whose description is the metadata as JSON."""
    exif = Image.Exif()
    exif[_EXIF_DESCRIPTION] = json.dumps(dict(metadata))
    return exif


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata that `encode` wrote into a file; a picture from elsewhere has none of these keys.

    Raises UserError if the file is not a readable picture.
    """
    try:
        with Image.open(path, formats=list(SUFFIXES)) as picture:
            found: Any = picture.info
            if picture.format != "PNG":
                found, text = None, str(picture.getexif().get(_EXIF_DESCRIPTION, ""))
                with contextlib.suppress(ValueError, TypeError, RecursionError):
                    found = json.loads(text)
    except UnidentifiedImageError:
        raise UserError(f"{path} is none of the files that hold a recipe: PNG, WebP and JPEG") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{path} is not a readable picture ({error})") from None
    pairs = found.items() if isinstance(found, dict) else ()
    return {str(key): value for key, value in pairs if isinstance(value, str)}


def write_picture(path: Path, content: bytes) -> None:
    """Write a file, and make its folder; it appears complete or not at all. Raises UserError if that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; files written before it are complete") from None


def write_overlapped(pictures: Iterable[tuple[Path, Callable[[], None]]]) -> Iterator[Path]:
    """Write pictures on threads while the next ones are painted; yield each path once its file is on the disk."""
    waiting: deque[tuple[Path, Future[None]]] = deque()

    def finished() -> Path:
        path, written = waiting.popleft()
        written.result()
        return path

    pool = ThreadPoolExecutor(max_workers=min(8, own_cores()))
    try:
        for path, write in pictures:
            waiting.append((path, pool.submit(write)))
            if len(waiting) > WAITING or waiting[0][1].done():
                yield finished()
        while waiting:
            yield finished()
    finally:
        pool.shutdown(cancel_futures=True)
