"""A folder or zip with a labels.csv at its top level: each row names a picture and its labels."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import partial
from pathlib import Path

from common.errors import UserError
from common.preparing.sources.files import Files
from common.preparing.sources.listing import Entry, Listing, Record

TABLE = "labels.csv"
COLUMNS = ("file", "genre", "style", "artist", "title", "year")
"""Only `file` is required. Headers may be in upper case and have spaces around them."""
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}


class LabelsTable:
    """The pictures that a labels.csv lists: `table` if it is given, else the labels.csv at the files' top level."""

    def __init__(self, files: Files, table: Path | None = None) -> None:
        self.name = files.name
        self._files = files
        self._table = table

    def listing(self) -> Listing:
        place = self._files.place(TABLE) if self._table is None else str(self._table)
        records = [self._with_slashes(record) for record in _read_records(self._read_table(), place)]
        absent = [record.name for record in records if not self._files.has(record.name)]
        if absent:
            more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
            raise UserError(f"{place} names {absent[0]!r}{more}, not found; add the files or remove the rows")
        entries = (Entry(record, partial(self._files.read_picture, record.name)) for record in records)
        return Listing(entries, len(records))

    def _with_slashes(self, record: Record) -> Record:
        """Replace backslashes in a file name by slashes if the file exists only under that name."""
        slashed = record.name.replace("\\", "/")
        is_there = slashed != record.name and not self._files.has(record.name) and self._files.has(slashed)
        return replace(record, name=slashed) if is_there else record

    def _read_table(self) -> bytes:
        if self._table is not None:
            try:
                return self._table.read_bytes()
            except OSError as error:
                raise UserError(f"{self._table} cannot be read: {error.strerror}") from None
        if not self._files.has(TABLE):
            raise UserError(
                f"{self.name} has no labels.csv at its top level; add one with the columns {','.join(COLUMNS)} "
                "(only file is required), or sort the pictures into one folder for each class (--folders genre)"
            )
        return self._files.read_table(TABLE)


def _read_records(table: bytes, place: str) -> list[Record]:
    try:
        text = table.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{place} is not UTF-8; save it as UTF-8") from None
    first_line = io.StringIO(text, newline="").readline(10_000).rstrip("\r\n")
    separator = _separator(first_line)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = _column_names(next(reader, []))
        if "file" not in header:
            raise UserError(f"{place} has no column file, which names the pictures; its header is {first_line[:200]!r}")
        twice = [column for column in COLUMNS if header.count(column) > 1]
        if twice:
            raise UserError(f"{place} has two columns {twice[0]}; rename one")
        records = [_record(header, row, f"{place}, line {reader.line_num}", separator) for row in reader if row]
    except csv.Error as error:
        raise UserError(f"{place}, line {reader.line_num}: {error}; save it as plain CSV") from None
    if not records:
        raise UserError(f"{place} lists no pictures; add a row for each")
    return records


def _separator(first_line: str) -> str:
    """Return the separator that splits the header into the most known columns; break ties by the number of columns."""

    def columns(separator: str) -> tuple[int, int]:
        names = _column_names(next(csv.reader([first_line], delimiter=separator), []))
        return len(set(names) & set(COLUMNS)), len(names)

    return max(SEPARATORS, key=columns)


def _column_names(header: list[str]) -> list[str]:
    return [name.strip().lower() for name in header]


def _record(header: list[str], row: list[str], place: str, separator: str) -> Record:
    if len(row) > len(header):
        # Any guess which comma is text and not a separator could shift the labels.
        raise UserError(
            f"{place}: {len(row)} fields for {len(header)} columns; put text with a {SEPARATORS[separator]} in quotes"
        )
    values = {column: text.strip() for column, text in zip(header, row, strict=False) if column in COLUMNS}
    if not values.get("file"):
        raise UserError(f"{place}: the column file is blank; name a picture or remove the row")
    return Record(name=values.pop("file"), **values)
