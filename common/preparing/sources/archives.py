"""Zips and tars as trees of files, and folders that hold nothing but such archives (the shards of a dataset).

They are read without unpacking them to disk. A new kind of archive is one more class here.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from common.errors import UserError
from common.preparing.pictures import Rejected, reason_of
from common.preparing.sources.files import Entry, Files, Listing, Record, first_of, is_left_by_system, pictures_among

Member = TypeVar("Member")
SUFFIXES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar", ".zip")
DEFLATE64 = 9


def open_files(path: Path, *, follow_links: bool = False) -> Files:
    """Open the folder, zip or tar at `path`. Raises UserError if it is none of these."""
    # os.path returns False for names that no file can have; Path.exists raises OSError.
    if os.path.isdir(path):
        files = Files(path, follow_links=follow_links)
        shards = {_stem(name): path / name for name in files.names() if _stem(name) != name and "/" not in name}
        # Where pictures lie beside archives, they are the collection and the archives its copies.
        return Shards(path, shards) if shards and not pictures_among(files.names())[0] else files
    if os.path.isfile(path) and zipfile.is_zipfile(path):
        return ZipFiles(path)
    if os.path.isfile(path) and tarfile.is_tarfile(path):
        return TarFiles(path)
    what = "is neither a folder nor a zip or tar" if os.path.exists(path) else "does not exist"
    raise UserError(f"source '{path}' {what}; give a folder, zip or tar of pictures")


class Archive(Files, ABC):
    """What zips and tars share: entries by name, without the single top-level folder if there is one."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.top = ""
        try:
            entries, self._twice = self._opened()
        except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, ValueError) as error:
            raise UserError(f"{path} cannot be opened ({reason_of(error)}); create the archive again") from None
        tops = {name.partition("/")[0] for name in entries if not _is_stray(name)}
        if len(tops) == 1 and not tops & {"", "..", *entries}:
            self.top = tops.pop()

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in super().__getstate__().items() if name != "_twice"}

    @abstractmethod
    def _opened(self) -> tuple[dict[str, object], list[str]]:
        """Return the entries by their whole names in the archive's order, and the names that stand there twice."""

    @cached_property
    def _listed(self) -> tuple[list[str], list[str]]:
        entries, inside = self._opened()[0], f"{self.top}/" if self.top else ""
        names = [name.removeprefix(inside) for name in entries if not _is_stray(name)]
        return self._in_order(names), [name.removeprefix(inside) for name in entries if _is_stray(name)]

    def _in_order(self, names: list[str]) -> list[str]:
        return sorted(names)

    def remarks(self) -> tuple[str, ...]:
        twice = (
            f"{len(self._twice)} names stand twice in {self.name}, and the later file is read: {first_of(self._twice)}"
        )
        return (*super().remarks(), *([twice] if self._twice else ()))

    def has(self, name: str) -> bool:
        return self._whole(name) in self._opened()[0]

    def _whole(self, name: str) -> str:
        return f"{self.top}/{name}" if self.top else name


class ZipFiles(Archive):
    """Files in a zip."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        entries = [entry for name, entry in self._opened()[0].items() if not _is_stray(name)]
        remedy = "unpack it and give the folder, or pack it again as an ordinary zip"
        if entries and all(entry.compress_type == DEFLATE64 for entry in entries):
            raise UserError(f"{path} is packed with Deflate64, which Windows uses for large zips; {remedy}")
        if entries and all(entry.flag_bits & 1 for entry in entries):
            raise UserError(f"{path} is encrypted; {remedy}")

    def _opened(self) -> tuple[dict[str, zipfile.ZipInfo], list[str]]:  # type: ignore[override]
        return _opened_zip(os.getpid(), self.path)[1:]

    def size(self, name: str) -> int:
        _require_inside(name, "zip")
        return self._opened()[0][self._whole(name)].file_size

    def read(self, name: str) -> bytes:
        entry = self._opened()[0][self._whole(name)]
        if entry.flag_bits & 1 or entry.compress_type == DEFLATE64:
            what = "is encrypted" if entry.flag_bits & 1 else "is packed with Deflate64"
            raise Rejected(f"cannot be read: {what}; unpack the zip and give the folder")
        return _opened_zip(os.getpid(), self.path)[0].read(entry)


class TarFiles(Archive):
    """Files in a tar, compressed or not. Files are listed in the tar's order, because a compressed one cannot skip."""

    def _opened(self) -> tuple[dict[str, tarfile.TarInfo], list[str]]:  # type: ignore[override]
        return _listed_tar(os.getpid(), self.path)

    def _in_order(self, names: list[str]) -> list[str]:
        return names

    def listing(self, records: Iterable[tuple[str, Record]], remarks: Iterable[str] = ()) -> Listing:
        order = {name: place for place, name in enumerate(self.names())}
        return super().listing(sorted(records, key=lambda one: order.get(one[0], 0)), remarks)

    def size(self, name: str) -> int:
        _require_inside(name, "tar")
        return self._opened()[0][self._whole(name)].size

    def read(self, name: str) -> bytes:
        member = self._opened()[0][self._whole(name)]
        return TarMember(self.path, member.offset_data, member.size).read(name)

    def entry(self, name: str, record: Record) -> Entry:
        member = self._opened()[0][self._whole(name)]
        return Entry(record, partial(TarMember(self.path, member.offset_data, member.size).read_picture, name))


class TarMember(Files):
    """One file of a tar. It knows its place, so that no other process has to list the tar."""

    def __init__(self, path: Path, start: int, num_bytes: int) -> None:
        super().__init__(path)
        self._start, self._num_bytes = start, num_bytes

    def size(self, name: str) -> int:
        _require_inside(name, "tar")
        return self._num_bytes

    def read(self, name: str) -> bytes:
        stream = _tar_stream(os.getpid(), self.path)
        stream.seek(self._start)
        data = stream.read(self._num_bytes)
        if len(data) < self._num_bytes:
            raise EOFError("the tar ends before the file does")
        return data


class Shards(Files):
    """A folder of zips and tars: each is a folder named as it is without its ending."""

    def __init__(self, path: Path, archives: dict[str, Path]) -> None:
        super().__init__(path)
        self._parts = {stem: open_files(archive) for stem, archive in archives.items()}
        for stem, part in self._parts.items():
            # `train.tar` that holds `train/…` names the folder twice. A folder of another name may be a label.
            part.top = stem if part.top == stem else ""

    @cached_property
    def _listed(self) -> tuple[list[str], list[str]]:
        beside = [name for name in Files(self.path).names() if _stem(name) == name]
        return beside + [f"{stem}/{name}" for stem, part in self._parts.items() for name in part.names()], []

    def remarks(self) -> tuple[str, ...]:
        return tuple(f"{part.name}: {remark}" for part in self._parts.values() for remark in part.remarks())

    def _part(self, name: str) -> tuple[Files | None, str]:
        stem, _, inner = name.partition("/")
        return self._parts.get(stem), inner

    def has(self, name: str) -> bool:
        part, inner = self._part(name)
        return part.has(inner) if part else super().has(name)

    def size(self, name: str) -> int:
        part, inner = self._part(name)
        return part.size(inner) if part else super().size(name)

    def read(self, name: str) -> bytes:
        part, inner = self._part(name)
        return part.read(inner) if part else super().read(name)

    def entry(self, name: str, record: Record) -> Entry:
        # The shard alone: all of them would travel with each picture.
        part, inner = self._part(name)
        return part.entry(inner, record) if part else super().entry(name, record)


@cache
def _opened_zip(process: int, path: Path) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo], list[str]]:
    """Return a zip, its entries by name and the names that stand there twice.

    Each process opens it anew: a forked process would share the file position with its parent.
    """
    archive = zipfile.ZipFile(path)
    infos = [(_zip_name(info), info) for info in archive.infolist() if not info.is_dir()]
    stored = {name for name, _ in infos}
    # Some packers on Windows write backslashes. Where the name with slashes is there as well, they are part of a name.
    slashed = {name: name.replace("\\", "/") for name in stored if name.replace("\\", "/") not in stored}
    named = [(slashed.get(name, name), info) for name, info in infos]
    return archive, *_by_name([(name, info) for name, info in named if not name.endswith("/")])


@cache
def _listed_tar(process: int, path: Path) -> tuple[dict[str, tarfile.TarInfo], list[str]]:
    """Return the plain files of a tar by name, and the names that stand there twice."""
    with tarfile.open(path) as archive:
        return _by_name([(_tar_name(member), member) for member in archive if member.isfile()])


@cache
def _tar_stream(process: int, path: Path) -> Any:
    """Return the uncompressed bytes of a tar; each process opens it anew."""
    return tarfile.open(path).fileobj


def _by_name(entries: Sequence[tuple[str, Member]]) -> tuple[dict[str, Member], list[str]]:
    counts = Counter(name for name, _ in entries)
    return dict(entries), [name for name, count in counts.items() if count > 1]


def _require_inside(name: str, what: str) -> None:
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        raise Rejected(f"points outside the {what}")


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """Return the entry's name, read as UTF-8 if it is valid UTF-8 (not all packers set the flag), else as cp437."""
    try:
        return entry.filename if entry.flag_bits & 0x800 else entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _tar_name(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./")


def _stem(name: str) -> str:
    """Return an archive's name without its ending; another file's name as it is."""
    return next((name[: -len(suffix)] for suffix in SUFFIXES if name.lower().endswith(suffix)), name)


def _is_stray(name: str) -> bool:
    return any(part != ".." and is_left_by_system(part) for part in PurePosixPath(name).parts)
