"""List and read files, the same way for a folder and for a zip."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol, runtime_checkable

from PIL import Image

from common.errors import UserError
from common.preparing.pictures import MAX_BYTES, Rejected, decode
from common.preparing.sources.listing import writable


@runtime_checkable
class Files(Protocol):
    """A tree of files. Names are relative and use `/`. Instances can be pickled for worker processes."""

    name: str
    """The name of the folder or zip, for messages and records."""

    @property
    def top(self) -> str:
        """The single top-level folder of a zip, which is left out of the names; blank if there is none."""
        ...

    def names(self) -> Iterator[str]:
        """Yield the names of all files, sorted, without system files (hidden files, thumbnails)."""
        ...

    def has(self, name: str) -> bool:
        """Return True if a file of this name exists."""
        ...

    def read_table(self, name: str) -> bytes:
        """Return the bytes of a small text file. Raises UserError if it cannot be read."""
        ...

    def read_picture(self, name: str) -> Image.Image:
        """Return a picture in RGB. Raises Rejected with the reason if it cannot be read."""
        ...

    def place(self, name: str) -> str:
        """Return the full path of the file, for messages."""
        ...


def open_files(path: Path) -> Files:
    """Open the folder or zip at `path`. Raises UserError if it is neither."""
    # os.path returns False for names that no file can have; Path.exists raises OSError.
    if os.path.isdir(path):
        return FolderFiles(path)
    if os.path.isfile(path) and zipfile.is_zipfile(path):
        return ZipFiles(path)
    if os.path.exists(path):
        raise UserError(f"{path} is neither a folder nor a zip; give a folder or zip of pictures, or `procedural`")
    raise UserError(f"source '{path}' does not exist; give a folder or zip of pictures, or `procedural`")


class FolderFiles:
    """Files in a folder and its subfolders. Reading a link that points outside the folder raises Rejected."""

    def __init__(self, path: Path) -> None:
        self.name = writable(path.resolve().name)
        self._path = path

    @property
    def top(self) -> str:
        return ""

    def names(self) -> Iterator[str]:
        for folder, subfolders, files in os.walk(self._path, onerror=self._refuse_unreadable):
            subfolders.sort()
            inner = Path(folder).relative_to(self._path)
            for linked in subfolders:
                # os.walk does not follow linked folders. List the link, so that reading it fails with a message.
                name = (inner / linked).as_posix()
                if os.path.islink(self._path / name) and not _is_system_file(name):
                    yield f"{name}/"
            for file in sorted(files):
                if not _is_system_file(name := (inner / file).as_posix()):
                    yield name

    def has(self, name: str) -> bool:
        # os.path returns False for names that no file can have; Path.exists raises OSError.
        return os.path.exists(self._path / name)

    def read_table(self, name: str) -> bytes:
        try:
            return (self._path / name).read_bytes()
        except OSError as error:
            raise UserError(f"{self.place(name)} cannot be read: {error.strerror}") from None

    def read_picture(self, name: str) -> Image.Image:
        try:
            path = (self._path / name).resolve()
            if not path.is_relative_to(self._path.resolve()):
                raise Rejected("points outside the source folder")
            if not path.is_file():
                raise Rejected("is not a file")
            if path.stat().st_size > MAX_BYTES:
                raise Rejected(f"larger than {MAX_BYTES // 2**20} MiB")
            data = path.read_bytes()
        except OSError as error:
            raise Rejected(f"cannot be read: {error.strerror}") from None
        except RuntimeError:
            # Path.resolve raises RuntimeError for a link loop before Python 3.13.
            raise Rejected("is a link to itself") from None
        return decode(data)

    def place(self, name: str) -> str:
        return str(self._path / name)

    def _refuse_unreadable(self, error: OSError) -> None:
        """Raise UserError for a folder that cannot be listed: skipping it would lose its files without a message."""
        if Path(error.filename) == self._path or not _is_system_file(os.path.relpath(error.filename, self._path)):
            raise UserError(f"{error.filename} cannot be read: {error.strerror}; make it readable or move it elsewhere")


class ZipFiles:
    """Files in a zip, read without unpacking it to disk."""

    def __init__(self, path: Path) -> None:
        self.name = writable(path.name)
        self._path = path

    @property
    def top(self) -> str:
        return self._tree().top

    def names(self) -> Iterator[str]:
        for name in sorted(self._tree().entries):
            if not _is_system_file(name):
                yield name

    def has(self, name: str) -> bool:
        return name in self._tree().entries

    def read_table(self, name: str) -> bytes:
        try:
            with zipfile.ZipFile(self._path) as archive:
                return archive.read(self._tree().entries[name].filename)
        except Exception as error:
            raise UserError(
                f"{self._path}: {name} cannot be unpacked ({_brief(error)}); create the zip again"
            ) from None

    def read_picture(self, name: str) -> Image.Image:
        if name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise Rejected("points outside the zip")
        archive, entry = _opened(self._path), self._tree().entries[name]
        if entry.file_size > MAX_BYTES:
            raise Rejected(f"unpacks to more than {MAX_BYTES // 2**20} MiB")
        try:
            data = archive.read(entry)
        except Exception as error:
            # Encrypted, damaged and unsupported entries each raise a different exception.
            raise Rejected(f"cannot be unpacked: {_brief(error)}") from None
        return decode(data)

    def place(self, name: str) -> str:
        return f"{self._path}/{name}"

    def _tree(self) -> _Tree:
        try:
            return _tree_by(os.getpid(), self._path)
        except (zipfile.BadZipFile, OSError) as error:
            raise UserError(f"{self._path} cannot be opened ({_brief(error)}); create the zip again") from None


def _opened(path: Path) -> zipfile.ZipFile:
    """Open the zip once in each process. A forked process would share the file position with its parent."""
    return _opened_by(os.getpid(), path)


@cache
def _opened_by(process: int, path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


class _Tree(NamedTuple):
    top: str
    entries: dict[str, zipfile.ZipInfo]


@cache
def _tree_by(process: int, path: Path) -> _Tree:
    entries = {_name(entry): entry for entry in _opened_by(process, path).infolist() if not entry.is_dir()}
    tops = {name.partition("/")[0] for name in entries if not _is_system_file(name)}
    top = tops.pop() if len(tops) == 1 else ""
    if top in ("", "..") or top in entries:
        return _Tree("", entries)
    return _Tree(top, {name.removeprefix(f"{top}/"): entry for name, entry in entries.items()})


def _is_system_file(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in parts)
    return hidden or PurePosixPath(name).name.lower() in {"", "thumbs.db", "desktop.ini"}


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the entry's name, read as UTF-8 if it is valid UTF-8 (not all packers set the flag), else as cp437."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
