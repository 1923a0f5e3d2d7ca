"""What every source returns: for each picture a record and a function that reads it; and how to read a folder or zip.

The main process lists the pictures; worker processes read them. So the functions must be picklable. A new kind of
archive is one more class beside `ZipFiles`.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path, PurePosixPath

from PIL import Image

from common.errors import UserError
from common.preparing.pictures import MAX_BYTES, Rejected, decode, reason_of


def writable(text: str) -> str:
    """Replace lone surrogates, Python's stand-ins for bytes of file names that are not UTF-8: no file can hold them."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


@dataclass(frozen=True)
class Record:
    """A picture's name and its labels as the source spells them, made `writable`; a blank label means unlabelled."""

    name: str
    genre: str = ""
    style: str = ""
    artist: str = ""
    title: str = ""
    year: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, writable(getattr(self, field.name)))


@dataclass(frozen=True)
class Entry:
    """A record and the function that returns its picture in RGB, or raises `pictures.Rejected` with the reason."""

    record: Record
    read: Callable[[], Image.Image]


@dataclass(frozen=True)
class Listing:
    """The pictures of a source, in the source's order."""

    name: str
    """The source's name in dataset.json."""
    entries: Iterable[Entry]
    total: int | None
    """Number of pictures, if it is known in advance."""
    remarks: tuple[str, ...] = ()
    """What the source left out or could not match, for the summary."""


Source = Callable[[], Listing]
"""Lists all pictures of a source. Raises UserError if the source itself is broken."""


class Files:
    """The files of a folder and its subfolders. Names are relative and use `/`. `ZipFiles` does the same for a zip.

    Instances can be pickled for worker processes.
    """

    top = ""
    """The single top-level folder of a zip, which is left out of the names; blank if there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = writable(path.name if path.is_file() else path.resolve().name)

    def names(self) -> Iterator[str]:
        """Yield the names of all files, sorted, without system files (hidden files, thumbnails)."""
        for folder, subfolders, files in os.walk(self.path, onerror=_refuse_unreadable):
            inner = os.path.relpath(folder, self.path)
            subfolders[:] = sorted(name for name in subfolders if not _is_system_file(name))
            # os.walk does not follow linked folders. List the link, so that reading it fails with a message.
            linked = [f"{name}/" for name in subfolders if os.path.islink(os.path.join(folder, name))]
            for name in (*linked, *sorted(name for name in files if not _is_system_file(name))):
                yield name if inner == "." else f"{Path(inner).as_posix()}/{name}"

    def has(self, name: str) -> bool:
        """Return True if a file of this name exists."""
        return os.path.exists(self.path / name)

    def size(self, name: str) -> int:
        """Return the bytes of a file. Raises Rejected if it is outside this tree (by a link, too) or no plain file."""
        path = (self.path / name).resolve()
        if not path.is_relative_to(self.path.resolve()):
            raise Rejected("points outside the source folder")
        if not path.is_file():
            raise Rejected("is not a file")
        return path.stat().st_size

    def read(self, name: str) -> bytes:
        """Return the bytes of a file. Raises whatever the system or the unpacking raises."""
        return (self.path / name).read_bytes()

    def read_picture(self, name: str) -> Image.Image:
        """Return a picture in RGB. Raises Rejected with the reason if it cannot be read."""
        try:
            if self.size(name) > MAX_BYTES:
                raise Rejected(f"larger than {MAX_BYTES // 2**20} MiB")
            data = self.read(name)
        except Rejected:
            raise
        except Exception as error:
            # Encrypted, damaged and unsupported entries of a zip each raise a different exception.
            raise Rejected(f"cannot be read: {reason_of(error)}") from None
        return decode(data)

    def read_table(self, name: str) -> str:
        """Return the text of a UTF-8 file. Raises UserError if it cannot be read."""
        try:
            return self.read(name).decode("utf-8-sig")
        except Exception as error:
            raise UserError(f"{self.path}/{name} cannot be read as UTF-8 ({reason_of(error)}); save it again") from None

    def listing(self, records: Iterable[tuple[str, Record]], remarks: tuple[str, ...] = ()) -> Listing:
        """Return the listing of some files, given by name and record."""
        entries = [Entry(record, partial(self.read_picture, name)) for name, record in records]
        return Listing(self.name, entries, len(entries), remarks)


class ZipFiles(Files):
    """Files in a zip, read without unpacking it to disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            _, self.top, _ = _opened(os.getpid(), path)
        except (zipfile.BadZipFile, OSError) as error:
            raise UserError(f"{path} cannot be opened ({reason_of(error)}); create the zip again") from None

    @property
    def _entries(self) -> dict[str, zipfile.ZipInfo]:
        return _opened(os.getpid(), self.path)[2]

    def names(self) -> Iterator[str]:
        return (name for name in sorted(self._entries) if not _is_system_file(name))

    def has(self, name: str) -> bool:
        return name in self._entries

    def size(self, name: str) -> int:
        if name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise Rejected("points outside the zip")
        return self._entries[name].file_size

    def read(self, name: str) -> bytes:
        return _opened(os.getpid(), self.path)[0].read(self._entries[name])


def open_files(path: Path) -> Files:
    """Open the folder or zip at `path`. Raises UserError if it is neither."""
    # os.path returns False for names that no file can have; Path.exists raises OSError.
    if os.path.isdir(path):
        return Files(path)
    if os.path.isfile(path) and zipfile.is_zipfile(path):
        return ZipFiles(path)
    what = "is neither a folder nor a zip" if os.path.exists(path) else "does not exist"
    raise UserError(f"source '{path}' {what}; give a folder or zip of pictures")


@cache
def _opened(process: int, path: Path) -> tuple[zipfile.ZipFile, str, dict[str, zipfile.ZipInfo]]:
    """Return a zip, its single top-level folder and its entries by their names without that folder.

    Each process opens it anew: a forked process would share the file position with its parent.
    """
    archive = zipfile.ZipFile(path)
    entries = {_name(entry): entry for entry in archive.infolist() if not entry.is_dir()}
    tops = {name.partition("/")[0] for name in entries if not _is_system_file(name)}
    top = tops.pop() if len(tops) == 1 else ""
    if top in ("", "..") or top in entries:
        return archive, "", entries
    return archive, top, {name.removeprefix(f"{top}/"): entry for name, entry in entries.items()}


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the entry's name, read as UTF-8 if it is valid UTF-8 (not all packers set the flag), else as cp437."""
    try:
        return entry.filename if entry.flag_bits & 0x800 else entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _is_system_file(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in parts)
    return hidden or PurePosixPath(name).name.lower() in {"", "thumbs.db", "desktop.ini"}


def _refuse_unreadable(error: OSError) -> None:
    """Skipping a folder that cannot be listed would lose its files without a message."""
    raise UserError(f"{error.filename} cannot be read: {error.strerror}; make it readable or move it elsewhere")
