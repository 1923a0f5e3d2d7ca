"""A folder or zip with a labels.csv at its top: every row names a picture and its labels."""

from __future__ import annotations

import csv
import io
from functools import partial
from pathlib import Path

from common.data.sources.files import Files
from common.data.sources.listing import Entry, Listing, Record
from common.errors import UserError

TABLE = "labels.csv"
COLUMNS = ("file", "genre", "style", "artist", "title", "year")


class LabelsTable:
    """Pictures that a labels.csv lists: the one at the top of the files, or `table` where it lies elsewhere."""

    def __init__(self, files: Files, table: Path | None = None) -> None:
        self.name = files.name
        self._files = files
        self._table = table

    def listing(self) -> Listing:
        place = self._files.place(TABLE) if self._table is None else str(self._table)
        records = _read_records(self._read_table(), place)
        absent = [record.name for record in records if not self._files.has(record.name)]
        if absent:
            more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
            raise UserError(f"{place} names {absent[0]!r}{more}, not there; add the files or remove the rows")
        entries = (Entry(record, partial(self._files.read_picture, record.name)) for record in records)
        return Listing(entries, len(records))

    def _read_table(self) -> bytes:
        if self._table is not None:
            try:
                return self._table.read_bytes()
            except OSError as error:
                raise UserError(f"{self._table} cannot be read: {error.strerror}") from None
        if not self._files.has(TABLE):
            raise UserError(
                f"{self.name} has no labels.csv at its top; it needs one with the columns {','.join(COLUMNS)}, "
                "or one folder a class (--folders genre)"
            )
        return self._files.read_table(TABLE)


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


def _record(row: dict[str, str | None], place: str, line: int) -> Record:
    values = {column: (row[column] or "").strip() for column in COLUMNS}
    if not values["file"]:
        raise UserError(f"{place}, record {line - 1}: the file column is blank; every row names a picture")
    return Record(name=values.pop("file"), **values)
