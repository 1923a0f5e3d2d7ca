"""Pictures as files: PNG, WebP or JPEG that say where they come from, written whole or not at all.

`stage2.painting` writes one, `stage2.bulk` many.
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
from common.machine import available_cores

SUFFIXES = {"png": ".png", "webp": ".webp", "jpeg": ".jpg"}
QUALITY = 92
"""Of WebP and JPEG, of 100. PNG loses nothing."""
BYTES_PER_PIXEL = {"png": 2.5, "webp": 1.0, "jpeg": 1.2}
"""Of detailed paintings, generously."""
WAITING = 64
"""Pictures that may wait for a writing thread: memory stays flat where encoding is slower than painting."""
_EXIF_DESCRIPTION = 0x010E


class PlaceTaken(UserError):
    """Another content stands where a picture was to be written without overwriting."""


def format_of(path: Path) -> str:
    """The format that a file's suffix stands for. Raises UserError for another suffix."""
    formats = {suffix: name for name, suffix in SUFFIXES.items()} | {".jpeg": "jpeg"}
    suffix = path.suffix.lower()
    if suffix not in formats:
        raise UserError(f"{path}: no format of pictures has the suffix {suffix!r}{suggest(suffix, formats)}")
    return formats[suffix]


def encode(picture: Image.Image, format: str, metadata: Mapping[str, str]) -> bytes:
    """The content of a file of that format: metadata as text in a PNG, as a JSON description in the others' EXIF.

    Raises UserError where the picture is too large for the format.
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
        raise UserError(f"{size} pixels are too many for {format}; choose --format png") from None
    return file.getvalue()


def read_metadata(path: Path) -> dict[str, str]:
    """What `encode` wrote into a file; nothing of it where it is a picture from elsewhere.

    Raises UserError where there is no picture.
    """
    try:
        with Image.open(path, formats=list(SUFFIXES)) as picture:
            if picture.format == "PNG":
                return {str(key): value for key, value in picture.info.items() if isinstance(value, str)}
            return _described(picture.getexif())
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{path} is not a picture that can be read ({error})") from None


def is_whole(path: Path) -> bool:
    """Whether a picture of one of the formats ends as it ought to: its last bytes are read, not all of it.

    Raises OSError where it cannot be read.
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
    """Write a file beside its place and rename it: it appears whole or not at all.

    Raises UserError where it cannot, and PlaceTaken where another content stands that is not to be overwritten.
    """
    # Two threads or processes may be given the same picture to write.
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        if overwrite:
            partial.replace(path)
        else:
            _take_free_place(partial, path, content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; what was written before is whole") from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_overlapped(pictures: Iterable[tuple[Path, Callable[[], None]]]) -> Iterator[Path]:
    """Call what writes each picture on threads, while the next are painted; yields each path once it is on the disk."""
    pool = ThreadPoolExecutor(max_workers=min(8, available_cores()))
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
    """Raise UserError where the disk of a folder, which need not exist yet, has not that many bytes free."""
    standing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(standing).free
    if needed > free:
        raise UserError(
            f"{pictures} take about {_size(needed)}, and {folder} has {_size(free)} free; "
            "ask for fewer, or give another folder with --out"
        )


def _take_free_place(partial: Path, path: Path, content: bytes) -> None:
    """A link fails where something stands, however short a time ago another process has put it there."""
    try:
        os.link(partial, path)
    except FileExistsError:
        if path.read_bytes() != content:
            raise PlaceTaken(f"{path} is another picture, written meanwhile; give each command its own --out") from None
    except OSError:
        # A file system without links.
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
