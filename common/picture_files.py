"""Write PNG, WebP and JPEG files that carry metadata. Each file appears complete or not at all.

`stage2.painter.requests` writes one picture, `stage2.painter.bulk` many.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from common.errors import UserError, suggest
from common.machine import own_cores

SUFFIXES = {"png": ".png", "webp": ".webp", "jpeg": ".jpg"}
QUALITY = 92
"""Of WebP and JPEG, from 0 to 100. PNG is lossless."""
BYTES_PER_PIXEL = {"png": 2.5, "webp": 1.0, "jpeg": 1.2}
"""Upper estimates, for detailed paintings."""
WAITING = 64
"""Pictures that may wait for a writing thread. The limit keeps memory flat if encoding is slower than painting."""
_EXIF_DESCRIPTION = 0x010E


class PlaceTaken(UserError):
    """Another file already has the picture's path, and overwriting is off."""


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
    file = io.BytesIO()
    if format == "png":
        text = PngInfo()
        for key, value in metadata.items():
            text.add_itxt(key, value)
        picture.save(file, "PNG", pnginfo=text)
        return file.getvalue()
    try:
        picture.save(file, format, quality=QUALITY, exif=_exif(metadata))
    except (OSError, ValueError):
        size = f"{picture.width}x{picture.height}"
        raise UserError(f"a picture of {size} pixels is too large for {format}; choose --format png") from None
    return file.getvalue()


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata that `encode` wrote into a file; a picture from elsewhere has none of these keys.

    Raises UserError if the file is not a readable picture.
    """
    try:
        with Image.open(path, formats=list(SUFFIXES)) as picture:
            if picture.format == "PNG":
                return {str(key): value for key, value in picture.info.items() if isinstance(value, str)}
            return _described(picture.getexif())
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{path} is not a readable picture ({error})") from None


def is_whole(path: Path) -> bool:
    """Return True if a picture file is complete. Reads its first and last bytes only.

    Raises OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(12)
        length = file.seek(0, os.SEEK_END)
        file.seek(max(length - 12, 0))
        end = file.read()
    if start.startswith(b"\x89PNG"):
        return end[4:8] == b"IEND"
    if start.startswith(b"RIFF"):
        return length == 8 + int.from_bytes(start[4:8], "little")
    return start.startswith(b"\xff\xd8") and end.endswith(b"\xff\xd9")


def write_whole(path: Path, content: bytes, *, overwrite: bool = True) -> None:
    """Write a file under a temporary name and rename it, so that it appears complete or not at all.

    Raises UserError if writing fails, and PlaceTaken if `overwrite` is False and another file has that path.
    """
    # Two threads or processes may write the same picture.
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        if overwrite:
            partial.replace(path)
        else:
            _take_free_place(partial, path, content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; files written before it are complete") from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_overlapped(pictures: Iterable[tuple[Path, Callable[[], None]]]) -> Iterator[Path]:
    """Write pictures on threads while the next ones are painted; yield each path once its file is on the disk."""
    pool = ThreadPoolExecutor(max_workers=min(8, own_cores()))
    waiting: deque[tuple[Path, Future[None]]] = deque()
    try:
        for path, write in pictures:
            waiting.append((path, pool.submit(write)))
            if len(waiting) > WAITING or waiting[0][1].done():
                yield _finished(waiting)
        while waiting:
            yield _finished(waiting)
    finally:
        pool.shutdown(cancel_futures=True)


def require_room(folder: Path, needed: float, pictures: str) -> None:
    """Raise UserError if the disk of `folder`, which need not exist yet, has fewer than `needed` bytes free."""
    standing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(standing).free
    if needed > free:
        raise UserError(
            f"{pictures} take about {_size(needed)}, but {folder} has {_size(free)} free; "
            "ask for fewer, or choose another folder with --out"
        )


def _take_free_place(partial: Path, path: Path, content: bytes) -> None:
    """Link the file to `path`: unlike a rename, this fails if another process has just written there."""
    try:
        os.link(partial, path)
    except FileExistsError:
        if path.read_bytes() != content:
            raise PlaceTaken(
                f"another command has just written another picture to {path}; give each command its own --out"
            ) from None
    except OSError:
        # The file system has no links.
        if path.exists():
            raise
        partial.replace(path)


def _finished(waiting: deque[tuple[Path, Future[None]]]) -> Path:
    path, written = waiting.popleft()
    written.result()
    return path


def _exif(metadata: Mapping[str, str]) -> Image.Exif:
    exif = Image.Exif()
    exif[_EXIF_DESCRIPTION] = json.dumps(dict(metadata))
    return exif


def _described(exif: Image.Exif) -> dict[str, str]:
    try:
        found = json.loads(exif.get(_EXIF_DESCRIPTION, "{}"))
    except (ValueError, TypeError, RecursionError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _size(num_bytes: float) -> str:
    power = min(max(int(math.log10(max(num_bytes, 1))) // 3, 1), 5)
    return f"{num_bytes / 1000**power:.3g} {('kB', 'MB', 'GB', 'TB', 'PB')[power - 1]}"
