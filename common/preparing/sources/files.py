"""What every source returns: for each picture a record and a function that reads it; and how to read a folder.

The main process lists the pictures; worker processes read them. So the functions must be picklable. `archives` reads
zips and tars in the same way.
"""

from __future__ import annotations

import mimetypes
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from PIL import Image

from common.errors import UserError
from common.preparing.packed import Packed
from common.preparing.pictures import LEAST_SIDE, MAX_BYTES, Decoded, Rejected, decode, reason_of

LEFT_BY_SYSTEMS = frozenset(
    {"__macosx", "__pycache__", "@eadir", "@__thumb", "#recycle", "#snapshot", "@recycle", "@recently-snapshot"}
    | {"$recycle.bin", "recycler", "system volume information", "lost+found", "lost.dir"}
    | {"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"}
)
"""Files and folders that systems, network drives and programs write beside pictures, in lower case."""
NO_PICTURES = frozenset(
    {".7z", ".aae", ".bib", ".caption", ".cfg", ".cls", ".db", ".ini", ".jsonl", ".log", ".lrcat", ".md", ".npy"}
    | {".npz", ".parquet", ".pkl", ".pt", ".rar", ".toml", ".xmp", ".yaml", ".yml"}
)
"""Suffixes of files beside pictures that Python's table of file types does not know everywhere."""
_TYPES = mimetypes.MimeTypes()


def writable(text: str) -> str:
    """Replace lone surrogates, Python's stand-ins for bytes of file names that are not UTF-8: no file can hold them."""
    return text if text.isascii() else re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


@dataclass(frozen=True, slots=True)
class Record:
    """A picture's name and its labels as the source spells them, made `writable`; a blank label means unlabelled.

    Several genres (or styles) of one picture are joined by `|`.
    """

    name: str
    genre: str = ""
    style: str = ""
    artist: str = ""
    title: str = ""
    year: str = ""
    split: str = ""
    """The split that the picture has in its source: train, validation or test; blank if the source has none."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            text = writable(getattr(self, name))
            # All but names and titles are few.
            object.__setattr__(self, name, text if name in ("name", "title") else sys.intern(text))

    def texts(self) -> tuple[str, ...]:
        """Return the texts of all fields, in their order."""
        return tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True)
class Entry:
    """A record and its picture."""

    record: Record
    load: Callable[[], bytes | Image.Image]
    """Returns the bytes of the picture's file, or a drawn picture. Raises `pictures.Rejected` with the reason."""

    def decode(self, least_side: int = LEAST_SIDE) -> Decoded:
        """Return the picture as `pictures.decode` does."""
        loaded = self.load()
        return decode(loaded, least_side) if isinstance(loaded, bytes) else Decoded(loaded, loaded.size)

    def read(self) -> Image.Image:
        """Return the picture in RGB. Raises Rejected with the reason."""
        return self.decode().image


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


@dataclass(frozen=True)
class _Entries:
    """The entries of many files, made when they are asked for."""

    files: Files
    rows: Packed
    """The name of each file, and the texts of its record."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Entry]:
        for name, *texts in self.rows:
            yield self.files.entry(name, Record(*texts))


Source = Callable[[], Listing]
"""Lists all pictures of a source. Raises UserError if the source itself is broken."""


class Files:
    """The files of a folder and its subfolders. Names are relative and use `/`. `archives` does the same for archives.

    Instances can be pickled for worker processes.
    """

    top = ""
    """The single top-level folder of an archive, which is left out of the names; blank if there is none."""

    def __init__(self, path: Path, *, follow_links: bool = False) -> None:
        self.path = path
        self.name = writable(path.name if path.is_file() else path.resolve().name)
        self._follow_links = follow_links
        self._legacy: list[str] = []

    def __getstate__(self) -> dict[str, object]:
        # A list of all files would travel with each picture.
        return {name: value for name, value in self.__dict__.items() if name != "_listed"}

    @cached_property
    def _listed(self) -> tuple[list[str], list[str]]:
        """The names of the pictures' files, and of what systems left there."""
        names, strays = [], []
        for folder, subfolders, files in os.walk(self.path, onerror=_refuse_unreadable, followlinks=self._follow_links):
            inner = PurePosixPath(Path(os.path.relpath(folder, self.path)).as_posix())
            strays += [str(inner / name) for name in sorted((*subfolders, *files)) if is_left_by_system(name)]
            subfolders[:] = sorted(name for name in subfolders if not is_left_by_system(name))
            # A link that is not followed, or that leads back, is listed, so that reading it fails with a message.
            linked = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
            if self._follow_links:
                linked = [name for name in linked if self._leads_back(Path(folder), name)]
            subfolders[:] = [name for name in subfolders if name not in linked]
            kept = sorted(name for name in files if not is_left_by_system(name))
            names += [f"{inner / name}/" for name in linked] + [str(inner / name) for name in kept]
        return names, strays

    def _leads_back(self, folder: Path, name: str) -> bool:
        """Return True if a linked folder leads to one on the way to it, so that following it would never end."""
        target = (folder / name).resolve()
        way = [folder, *(parent for parent in folder.parents if parent.is_relative_to(self.path))]
        return any(passed.resolve().is_relative_to(target) for passed in way)

    def names(self) -> Sequence[str]:
        """Return the names of all files, sorted, without what systems left there (hidden files, thumbnails)."""
        return self._listed[0]

    def remarks(self) -> tuple[str, ...]:
        """Say what was left out because systems had left it there."""
        strays = self._listed[1]
        return (f"{len(strays)} hidden or system files and folders left out: {first_of(strays)}",) if strays else ()

    def has(self, name: str) -> bool:
        """Return True if a file of this name exists."""
        return os.path.exists(self.path / name)

    def size(self, name: str) -> int:
        """Return the bytes of a file. Raises Rejected if it is outside this tree (by a link, too) or no plain file."""
        path = self.path / name
        if name.endswith("/"):
            raise Rejected("is a linked folder (see --follow-links)" if path.is_dir() else "is not a file")
        inside = Path(os.path.normpath(path)) if self._follow_links else path.resolve()
        root = Path(os.path.normpath(self.path)) if self._follow_links else self.path.resolve()
        if not inside.is_relative_to(root):
            raise Rejected("points outside the source folder (see --follow-links)")
        if not path.is_file():
            raise Rejected("is not a file")
        return path.stat().st_size

    def read(self, name: str) -> bytes:
        """Return the bytes of a file. Raises whatever the system or the unpacking raises."""
        return (self.path / name).read_bytes()

    def read_picture(self, name: str) -> bytes:
        """Return the bytes of a picture's file. Raises Rejected with the reason if it cannot be read."""
        try:
            if self.size(name) > MAX_BYTES:
                raise Rejected(f"larger than {MAX_BYTES // 2**20} MiB")
            return self.read(name)
        except Rejected:
            raise
        except Exception as error:
            # Damaged and unsupported entries of an archive each raise a different exception.
            raise Rejected(f"cannot be read: {reason_of(error)}") from None

    def read_text(self, name: str) -> str:
        """Return the text of a file in UTF-8 or UTF-16, or else in Windows-1252, which a remark of the listing says.

        Raises UserError if it cannot be read.
        """
        try:
            data = self.read(name)
            if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
                return data.decode("utf-16")
            # Without a mark: a Latin letter is a byte and a zero, in this order or the other.
            return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be" if data[:1] == b"\0" else "utf-8-sig")
        except Exception as error:
            text = _western(data) if isinstance(error, UnicodeDecodeError) else None
            if text is None:
                fault = f"{self.path}/{name} cannot be read as UTF-8 ({reason_of(error)})"
                raise UserError(f"{fault}; save it as UTF-8") from None
        example = first_of(re.findall(r"\w*[^\W\x00-\x7f]\w*", text))
        self._legacy.append(f"{name} is not in UTF-8 and was read as Windows-1252: {example}")
        return text

    def entry(self, name: str, record: Record) -> Entry:
        """Return the entry of one file."""
        return Entry(record, partial(self.read_picture, name))

    def listing(self, records: Iterable[tuple[str, Record]], remarks: Iterable[str] = ()) -> Listing:
        """Return the listing of some files, given by name and record."""
        entries = _Entries(self, Packed((name, *record.texts()) for name, record in records))
        said = tuple(dict.fromkeys((*self.remarks(), *self._legacy, *remarks)))
        # Preparation takes hours: do not hold the names of millions of files all the while.
        self.__dict__.pop("_listed", None)
        return Listing(self.name, entries, len(entries), said)


def is_left_by_system(name: str) -> bool:
    """Return True for a file's or folder's own name if a system or program left it there, not a person."""
    return name.startswith(".") or name.lower() in LEFT_BY_SYSTEMS or "@Syno" in name


def _western(data: bytes) -> str | None:
    """Return text in Windows-1252, as western spreadsheets write it; None for what other scripts look like in it."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return None if re.search("\0|^ÿþ|^þÿ|[^\x00-\x7f]{3}", text) else text


def pictures_among(names: Iterable[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the files that may be pictures by their suffix, and a remark on the others."""
    pictures: list[str] = []
    others: list[str] = []
    for name in names:
        kind = _TYPES.guess_type(name.lower())[0] or "image/unknown"
        is_other = PurePosixPath(name).suffix.lower() in NO_PICTURES or not kind.startswith("image/")
        (others if is_other else pictures).append(name)
    if not others:
        return pictures, ()
    suffixes = Counter(PurePosixPath(name).suffix.lower() for name in others).most_common(3)
    kinds = ", ".join(f"{suffix} ({count})" for suffix, count in suffixes)
    return pictures, (f"{len(others)} files that are no pictures left out: {kinds}",)


def require_pictures(pictures: Sequence[str], files: Files) -> None:
    """Raise UserError if there are no pictures, which names archives that are there instead."""
    if not pictures:
        archives = [name for name in files.names() if name.lower().endswith((".zip", ".rar", ".7z", ".tar", ".gz"))]
        inside = f"; unpack {first_of(archives)}" if archives else "; give the folder or archive that holds them"
        raise UserError(f"{files.name} has no pictures{inside}")


def first_of(names: Iterable[str], count: int = 3) -> str:
    """Return the first few different names, for a summary."""
    different = list(dict.fromkeys(names))
    return ", ".join(different[:count]) + (", …" if len(different) > count else "")


def _refuse_unreadable(error: OSError) -> None:
    """Skipping a folder that cannot be listed would lose its files without a message."""
    raise UserError(f"{error.filename} cannot be read: {error.strerror}; make it readable or move it elsewhere")
