"""Where pictures come from: each source lists its records with raw labels, and reads one picture by its name.

`common.data.preparation` turns any source into a dataset folder. A source is pickled to worker processes, so it
opens its files anew where it is used.
"""

from __future__ import annotations

import csv
import io
import itertools
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from PIL import Image

from common.data import procedural
from common.data.pictures import MAX_BYTES, Rejected, decode
from common.errors import UserError

COLUMNS = ("file", "genre", "style", "artist", "title", "year")
PROCEDURAL = "procedural"


@dataclass(frozen=True)
class Record:
    """One picture of a source with its labels as the source spells them; blanks are unlabelled."""

    name: str
    genre: str
    style: str
    artist: str = ""
    title: str = ""
    year: str = ""


@runtime_checkable
class Source(Protocol):
    """Where pictures come from."""

    name: str
    """What dataset.json calls the source."""

    def records(self) -> list[Record]:
        """All pictures that the source holds. Raises UserError where the source itself is at fault."""
        ...

    def read(self, record: Record) -> Image.Image:
        """The picture in RGB. Raises `pictures.Rejected` with the reason where it cannot be used."""
        ...


def open_source(place: str, count: int, seed: int) -> Source:
    """The source that a command line names: `procedural`, a folder, or a zip. Raises UserError otherwise."""
    if place == PROCEDURAL:
        if count < 1 or seed < 0:
            raise UserError(f"--count {count} --seed {seed}: procedural needs at least 1 painting and a seed from 0 up")
        return ProceduralSource(count, seed)
    path = Path(place)
    if path.is_dir():
        return LabelledFolder(path)
    if path.is_file() and zipfile.is_zipfile(path):
        return LabelledZip(path)
    if path.exists():
        raise UserError(f"{place} is neither a folder nor a zip; give one with a labels.csv inside, or `procedural`")
    raise UserError(f"source {place!r} does not exist; give a folder or zip with labels.csv, or `procedural`")


class LabelledFolder:
    """A folder of pictures with a labels.csv at its top."""

    def __init__(self, path: Path) -> None:
        self.name = path.resolve().name
        self._path = path

    def records(self) -> list[Record]:
        table = self._path / "labels.csv"
        if not table.is_file():
            raise UserError(_no_table(self._path))
        records = _read_records(table.read_bytes(), str(table))
        # os.path takes a name that is no possible file name for one that is not there.
        _require_present([record for record in records if not os.path.exists(self._path / record.name)], str(table))
        return records

    def read(self, record: Record) -> Image.Image:
        path = (self._path / record.name).resolve()
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


class LabelledZip:
    """A zip of pictures with a labels.csv at its top."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        self._opened: zipfile.ZipFile | None = None

    def records(self) -> list[Record]:
        try:
            with zipfile.ZipFile(self._path) as archive:
                names = set(archive.namelist())
                if "labels.csv" not in names:
                    raise UserError(_no_table(self._path))
                table = archive.read("labels.csv")
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error) as error:
            raise UserError(f"{self._path}: labels.csv cannot be unpacked ({error}); make the zip anew") from None
        records = _read_records(table, f"{self._path}/labels.csv")
        _require_present([record for record in records if record.name not in names], f"{self._path}/labels.csv")
        return records

    def read(self, record: Record) -> Image.Image:
        if self._opened is None:
            self._opened = zipfile.ZipFile(self._path)
        entry = self._opened.getinfo(record.name)
        if entry.file_size > MAX_BYTES:
            raise Rejected(f"unpacks to more than {MAX_BYTES // 2**20} MiB")
        try:
            data = self._opened.read(entry)
        except Exception as error:
            # Encrypted, damaged, or packed in a way that is not known: each fails by another exception.
            raise Rejected(f"cannot be unpacked: {error}") from None
        return decode(data)

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_opened": None}


class ProceduralSource:
    """Paintings that the program itself makes, equally many of each genre and style."""

    def __init__(self, count: int, seed: int) -> None:
        self.name = f"{PROCEDURAL} (seed {seed})"
        self._count = count
        self._seed = seed

    def records(self) -> list[Record]:
        cells = list(itertools.product(procedural.GENRES, procedural.STYLES))
        return [
            Record(
                name=str(self._seed + number),
                genre=genre,
                style=style,
                artist="procedural",
                title=f"no. {number}",
            )
            for number, (genre, style) in enumerate(itertools.islice(itertools.cycle(cells), self._count))
        ]

    def read(self, record: Record) -> Image.Image:
        return procedural.paint(record.genre, record.style, seed=int(record.name), size=256)


def _no_table(place: Path) -> str:
    return f"{place} has no labels.csv at its top; it needs one with the columns {','.join(COLUMNS)}"


def _read_records(table: bytes, place: str) -> list[Record]:
    try:
        text = table.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{place} is not UTF-8; save it as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise UserError(f"{place} lacks the columns {', '.join(missing)}; it needs {','.join(COLUMNS)}")
        rows = list(reader)
    except csv.Error as error:
        raise UserError(f"{place}, line {reader.reader.line_num}: {error}; save it as plain CSV") from None
    if not rows:
        raise UserError(f"{place} names no pictures")
    return [_record(row, place, line) for line, row in enumerate(rows, start=2)]


def _require_present(absent: list[Record], place: str) -> None:
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise UserError(f"{place} names {absent[0].name!r}{more}, not there; add the files or remove the rows")


def _record(row: dict[str, str | None], place: str, line: int) -> Record:
    values = {column: (row[column] or "").strip() for column in COLUMNS}
    if not values["file"]:
        raise UserError(f"{place}, record {line - 1}: the file column is blank; every row names a picture")
    return Record(name=values.pop("file"), **values)
