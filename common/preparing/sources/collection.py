"""Turn the files of a folder or zip into records. Their raw labels stand in a table, in folder names or nowhere."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path, PurePosixPath

from common.errors import UserError
from common.preparing.sources.files import Files, Listing, Record
from common.vocabulary import Kind

TABLE = "labels.csv"
COLUMNS = ("file", "genre", "style", "artist", "title", "year")
"""Only `file` is required. Headers may be in upper case and have spaces around them."""
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
"""Of the files that are taken for pictures where no table names them."""


def labels_table(files: Files, table: Path | None = None) -> Listing:
    """List the pictures in `table`, or else in the labels.csv at the files' top level: each row names one."""
    if table is None and not files.has(TABLE):
        raise UserError(
            f"{files.name} has no labels.csv at its top level; add one with the columns {','.join(COLUMNS)} "
            "(only file is required), or sort the pictures into one folder for each class (--folders genre)"
        )
    folder, name = (files, TABLE) if table is None else (Files(table.parent), table.name)
    place = f"{folder.path}/{name}"
    records = []
    for row in _rows(folder.read_table(name), place):
        slashed = row["file"].replace("\\", "/")
        found = row["file"] if files.has(row["file"]) or not files.has(slashed) else slashed
        records.append((found, Record(found, **{column: row[column] for column in COLUMNS[1:] if column in row})))
    absent = [name for name, _ in records if not files.has(name)]
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise UserError(f"{place} names {absent[0]!r}{more}, not found; add the files or remove the rows")
    return files.listing(records)


def class_folders(files: Files, kind: Kind) -> Listing:
    """List the pictures in folders: the name of the top-level folder is the genre (or style) of every picture in it.

    If a zip has a single top-level folder, the folders inside it are the classes; if it holds pictures and no folders,
    it is the only class.
    """
    names = list(files.names())
    labels = {name: name.partition("/")[0] for name in names if "/" in name}
    if not labels and files.top:
        labels = dict.fromkeys(names, files.top)
    if not labels:
        raise UserError(f"{files.name} has no folders with files in them; --folders needs one folder for each {kind}")
    loose = len(names) - len(labels)
    remarks = (f"{loose} files outside the class folders left out",) if loose else ()
    return files.listing(((name, Record(name, **{kind: label})) for name, label in labels.items()), remarks)


def pictures_of(files: Files, table: Path | None = None) -> Listing:
    """List the pictures in `table` or in the labels.csv at the files' top level; without these, all pictures."""
    if table is not None or files.has(TABLE):
        return labels_table(files, table)
    names = [name for name in files.names() if PurePosixPath(name).suffix.lower() in SUFFIXES]
    if not names:
        raise UserError(f"{files.name} has no pictures ({', '.join(sorted(SUFFIXES))})")
    return files.listing((name, Record(name)) for name in names)


def _rows(text: str, place: str) -> list[dict[str, str]]:
    """Return the rows of a table by column, without surrounding spaces. Raises UserError with the line at fault."""
    first_line = io.StringIO(text, newline="").readline(10_000).rstrip("\r\n")
    headers = {
        separator: [name.strip().lower() for name in next(csv.reader([first_line], delimiter=separator), [])]
        for separator in SEPARATORS
    }
    # The separator that makes most known columns of the first line, then most columns.
    separator = max(headers, key=lambda mark: (len(set(headers[mark]) & set(COLUMNS)), len(headers[mark])))
    header = headers[separator]
    if "file" not in header:
        raise UserError(f"{place} has no column file, which names the pictures; its header is {first_line[:200]!r}")
    if twice := [column for column in COLUMNS if header.count(column) > 1]:
        raise UserError(f"{place} has two columns {twice[0]}; rename one")
    rows = []
    reader = csv.DictReader(io.StringIO(text, newline=""), header, delimiter=separator, strict=True, restval="")
    try:
        for row in itertools.islice(reader, 1, None):
            fault = "" if row["file"].strip() else "the column file is blank; name a picture or remove the row"
            if None in row:
                # Any guess which comma is text and not a separator could shift the labels.
                fields = f"{len(header) + len(row[None])} fields for {len(header)} columns"
                fault = f"{fields}; put text with a {SEPARATORS[separator]} in quotes"
            if fault:
                raise UserError(f"{place}, line {reader.line_num}: {fault}")
            rows.append({column: value.strip() for column, value in row.items()})
    except csv.Error as error:
        raise UserError(f"{place}, line {reader.reader.line_num}: {error}; save it as plain CSV") from None
    if not rows:
        raise UserError(f"{place} lists no pictures; add a row for each")
    return rows
