"""Files in a folder or in a zip, by the same two questions: which are there, and what is in one."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol, runtime_checkable

from PIL import Image

from common.data.pictures import MAX_BYTES, Rejected, decode
from common.data.sources.listing import writable
from common.errors import UserError


@runtime_checkable
class Files(Protocol):
    """A tree of files whose names are relative, with `/` between their parts. Travels to other processes."""

    name: str
    """What the tree is called."""

    @property
    def top(self) -> str:
        """The one folder that holds all files and is no part of their names; blank where there is none."""
        ...

    def names(self) -> Iterator[str]:
        """All files, sorted; what the system put there for itself (hidden files, thumbnails) is left out."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is something of this name."""
        ...

    def read_table(self, name: str) -> bytes:
        """A small text file. Raises UserError where it cannot be read."""
        ...

    def read_picture(self, name: str) -> Image.Image:
        """A picture in RGB. Raises Rejected with the reason."""
        ...

    def place(self, name: str) -> str:
        """Where a person finds the file."""
        ...


def open_files(path: Path) -> Files:
    """The folder or zip at `path`. Raises UserError where it is neither."""
    # os.path takes a name that is no possible file name for one that is not there.
    if os.path.isdir(path):
        return FolderFiles(path)
    if os.path.isfile(path) and zipfile.is_zipfile(path):
        return ZipFiles(path)
    if os.path.exists(path):
        raise UserError(f"{path} is neither a folder nor a zip; give a folder or zip of pictures, or `procedural`")
    raise UserError(f"source '{path}' does not exist; give a folder or zip of pictures, or `procedural`")


class FolderFiles:
    """Files below a folder; links that lead out of it are refused when they are read."""

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
                # Not walked into: refused, in the open, when it is read.
                name = (inner / linked).as_posix()
                if os.path.islink(self._path / name) and not _is_system_file(name):
                    yield f"{name}/"
            for file in sorted(files):
                if not _is_system_file(name := (inner / file).as_posix()):
                    yield name

    def has(self, name: str) -> bool:
        # os.path takes a name that is no possible file name for one that is not there.
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
                raise Rejected("leads out of the source folder")
            if not path.is_file():
                raise Rejected("is not a file")
            if path.stat().st_size > MAX_BYTES:
                raise Rejected(f"larger than {MAX_BYTES // 2**20} MiB")
            data = path.read_bytes()
        except OSError as error:
            raise Rejected(f"cannot be read: {error.strerror}") from None
        except RuntimeError:
            # pathlib's word for it, until Python 3.13.
            raise Rejected("is a link to itself") from None
        return decode(data)

    def place(self, name: str) -> str:
        return str(self._path / name)

    def _refuse_unreadable(self, error: OSError) -> None:
        """Passed over, what lies in the folder would be missing without a word, unless it is left out anyway."""
        if Path(error.filename) == self._path or not _is_system_file(os.path.relpath(error.filename, self._path)):
            raise UserError(f"{error.filename} cannot be read: {error.strerror}; make it readable or move it out")


class ZipFiles:
    """Entries of a zip, read without unpacking it to disk; the one folder that holds all of them is its top."""

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
            raise UserError(f"{self._path}: {name} cannot be unpacked ({_brief(error)}); make the zip anew") from None

    def read_picture(self, name: str) -> Image.Image:
        if name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise Rejected("leads out of the zip")
        archive, entry = _opened(self._path), self._tree().entries[name]
        if entry.file_size > MAX_BYTES:
            raise Rejected(f"unpacks to more than {MAX_BYTES // 2**20} MiB")
        try:
            data = archive.read(entry)
        except Exception as error:
            # Encrypted, damaged, or packed in a way that is not known: each fails by another exception.
            raise Rejected(f"cannot be unpacked: {_brief(error)}") from None
        return decode(data)

    def place(self, name: str) -> str:
        return f"{self._path}/{name}"

    def _tree(self) -> _Tree:
        try:
            return _tree_by(os.getpid(), self._path)
        except (zipfile.BadZipFile, OSError) as error:
            raise UserError(f"{self._path} cannot be opened ({_brief(error)}); make the zip anew") from None


def _opened(path: Path) -> zipfile.ZipFile:
    """Each process opens a zip once: processes that inherit one share its position and read each other's bytes."""
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
    """The name as it was packed: most packers write UTF-8, and not all say so; where none does, it is code page 437."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
