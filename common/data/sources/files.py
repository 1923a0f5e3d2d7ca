"""Files in a folder or in a zip, by the same two questions: which are there, and what is in one."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from PIL import Image

from common.data.pictures import MAX_BYTES, Rejected, decode
from common.errors import UserError


@runtime_checkable
class Files(Protocol):
    """A tree of files whose names are relative, with `/` between their parts. Travels to other processes."""

    name: str
    """What the tree is called."""

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
    if path.is_dir():
        return FolderFiles(path)
    if path.is_file() and zipfile.is_zipfile(path):
        return ZipFiles(path)
    if path.exists():
        raise UserError(f"{path} is neither a folder nor a zip; give a folder or zip of pictures, or `procedural`")
    raise UserError(f"source '{path}' does not exist; give a folder or zip of pictures, or `procedural`")


class FolderFiles:
    """Files below a folder; links that lead out of it are refused when they are read."""

    def __init__(self, path: Path) -> None:
        self.name = path.resolve().name
        self._path = path

    def names(self) -> Iterator[str]:
        for folder, subfolders, files in os.walk(self._path):
            subfolders.sort()
            inner = Path(folder).relative_to(self._path)
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
        path = (self._path / name).resolve()
        if not path.is_relative_to(self._path.resolve()):
            raise Rejected("leads out of the source folder")
        if not path.is_file():
            raise Rejected("is not a file")
        if path.stat().st_size > MAX_BYTES:
            raise Rejected(f"larger than {MAX_BYTES // 2**20} MiB")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Rejected(f"cannot be read: {error.strerror}") from None
        return decode(data)

    def place(self, name: str) -> str:
        return str(self._path / name)


class ZipFiles:
    """Entries of a zip, read without unpacking it to disk; the one folder that holds all of them is its top."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path

    def names(self) -> Iterator[str]:
        for name in sorted(self._entries()):
            if not _is_system_file(name):
                yield name

    def has(self, name: str) -> bool:
        return name in self._entries()

    def read_table(self, name: str) -> bytes:
        try:
            with zipfile.ZipFile(self._path) as archive:
                return archive.read(self._entries()[name].filename)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error) as error:
            raise UserError(f"{self._path}: {name} cannot be unpacked ({error}); make the zip anew") from None

    def read_picture(self, name: str) -> Image.Image:
        if name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise Rejected("leads out of the zip")
        archive, entry = _opened(self._path), self._entries()[name]
        if entry.file_size > MAX_BYTES:
            raise Rejected(f"unpacks to more than {MAX_BYTES // 2**20} MiB")
        try:
            data = archive.read(entry)
        except Exception as error:
            # Encrypted, damaged, or packed in a way that is not known: each fails by another exception.
            raise Rejected(f"cannot be unpacked: {error}") from None
        return decode(data)

    def place(self, name: str) -> str:
        return f"{self._path}/{name}"

    def _entries(self) -> dict[str, zipfile.ZipInfo]:
        try:
            return _entries_by(os.getpid(), self._path)
        except (zipfile.BadZipFile, OSError) as error:
            raise UserError(f"{self._path} cannot be opened ({error}); make the zip anew") from None


def _opened(path: Path) -> zipfile.ZipFile:
    """Each process opens a zip once: processes that inherit one share its position and read each other's bytes."""
    return _opened_by(os.getpid(), path)


@cache
def _opened_by(process: int, path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


@cache
def _entries_by(process: int, path: Path) -> dict[str, zipfile.ZipInfo]:
    entries = {name: entry for name, entry in _opened_by(process, path).NameToInfo.items() if not name.endswith("/")}
    tops = {name.partition("/")[0] for name in entries if not _is_system_file(name)}
    top = f"{tops.pop()}/" if len(tops) == 1 else ""
    if top in ("/", "../") or top.rstrip("/") in entries:
        return entries
    return {name.removeprefix(top): entry for name, entry in entries.items()}


def _is_system_file(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in parts)
    return hidden or parts[-1].lower() in {"thumbs.db", "desktop.ini"}
