"""Read a table of pictures and labels from text: CSV as spreadsheets write it, JSON lines, and JSON of several kinds.

`collection` finds the pictures that the rows name.
"""

from __future__ import annotations

import ast
import csv
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from common.errors import UserError
from common.preparing.packed import Packed
from common.preparing.sources.files import first_of
from common.vocabulary import SEVERAL

COLUMNS = ("file", "genre", "style", "artist", "title", "year")
"""Only `file` is required. Headers may be in upper case and have spaces around them."""
SPELLINGS = {
    "file": (
        "file_name",
        "filename",
        "image",
        "path",
        "file_path",
        "filepath",
        "image_path",
        "image_file",
        "image_name",
    )
    + ("imagename", "img", "img_path", "img_name", "picture", "images", "files", "filepaths", "image_id"),
    "genre": ("genre_name", "genres"),
    "style": ("style_name", "styles", "movement", "art_movement"),
    "label": (
        "labels",
        "class",
        "class_name",
        "class_label",
        "label_name",
        "category",
        "category_name",
        "categories",
        "target",
        "classes",
        "tags",
    ),
    "artist": ("artist_name", "painter", "author"),
    "title": ("name",),
    "year": ("date",),
    "split": ("subset", "partition", "data_set", "set"),
}
"""Other names of the columns, the likelier first. `label` is a genre or a style, as the command line says."""
_LABELS = ("genre", "style", "label")
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical line"}
SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
"""Of files that may be tables."""


class Row(NamedTuple):
    """A row of a table, without surrounding spaces; blank where the table has nothing."""

    file: str
    genre: str = ""
    style: str = ""
    label: str = ""
    """A genre or a style, as the command line says."""
    artist: str = ""
    title: str = ""
    year: str = ""
    split: str = ""


class Rows:
    """The rows of a table, on disk: tables may have millions."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._packed = Packed(rows)

    def __len__(self) -> int:
        return len(self._packed)

    def __iter__(self) -> Iterator[Row]:
        return itertools.starmap(Row, self._packed)


@dataclass(frozen=True)
class Table:
    """The rows of a table, and what to say of them."""

    rows: Rows
    remarks: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    """Names of the classes 0, 1, …, if the table gives them."""


def read_table(text: str, place: str) -> Table:
    """Return the table in a file's text; the file's suffix tells its kind. Raises UserError with the line at fault."""
    suffix = PurePosixPath(place).suffix.lower()
    if suffix not in (".json", ".jsonl", ".ndjson"):
        return _csv_table(text, place)
    try:
        is_whole = suffix == ".json"
        table = _json_table(json.loads(text)) if is_whole else _from_objects(_ObjectsOnLines(text))
    except ValueError as error:
        remedy = "; save it as JSON again" if isinstance(error, json.JSONDecodeError) else ""
        raise UserError(f"{place}: {error}{remedy}") from None
    if table is None:
        raise UserError(f"{place} has no column file, which names the pictures, nor any other table that is known")
    if not len(table.rows):
        raise UserError(f"{place} lists no pictures; add a row for each")
    return table


def columns_of(header: Iterable[str]) -> dict[str, str]:
    """Map each column that is there to the header that stands for it; of several spellings the likeliest counts.

    Labels are rather read from their names (`label_name`) than from their numbers.
    """
    given = {re.sub(r"[\s-]+", "_", name.strip().lower()): name for name in reversed(list(header))}
    found = {
        column: next((given[spelling] for spelling in _spellings(column) if spelling in given), None)
        for column in SPELLINGS
    }
    return {column: name for column, name in found.items() if name is not None}


def _spellings(column: str) -> list[str]:
    spellings = [column, *SPELLINGS[column]]
    return spellings if column not in _LABELS else sorted(spellings, key=lambda name: not name.endswith("_name"))


def text_of(value: Any) -> str:
    """Return a value of a table as text: several labels joined by `|`, a missing value blank."""
    if isinstance(value, list | tuple):
        return SEVERAL.join(filter(None, map(text_of, value)))
    if value is None or isinstance(value, dict) or value != value:  # The last is NaN.
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _csv_table(text: str, place: str) -> Table:
    lines = _lines(text)
    first_line, start = "", 0
    for line in lines:
        start += 1
        if line.strip(' ",;\t\r\n\0') and not re.fullmatch(r'"?sep=.?"?|#.*', line.strip().lower()):
            first_line = line[:10_000].rstrip("\r\n")
            break
    headers = {separator: next(csv.reader([first_line], delimiter=separator), []) for separator in SEPARATORS}
    # The separator that makes most known columns of the first line, then most columns.
    separator = max(headers, key=lambda mark: (len(columns_of(headers[mark])), len(headers[mark])))
    header = headers[separator]
    columns = columns_of(header)
    if "file" not in columns:
        fault = f"{place} has no column file, which names the pictures; its header is {first_line[:200]!r}"
        raise UserError(f"{fault}; call the column with names of pictures file, those with labels genre and style")
    plain = [name.strip().lower() for name in header]
    if twice := [column for column in columns if plain.count(column) > 1]:
        raise UserError(f"{place} has two columns {twice[0]}; rename one")
    places = {column: header.index(name) for column, name in columns.items()}
    reader = csv.reader(lines, delimiter=separator, strict=True)
    nameless: list[str] = []

    def rows() -> Iterator[Row]:
        for row in reader:
            if any(cell.strip() for cell in row[len(header) :]):
                # Any guess which comma is text and not a separator could shift the labels.
                mark = SEPARATORS[separator]
                fault = f"{len(row)} fields for {len(header)} columns; put text with a {mark} in quotes"
                raise UserError(f"{place}, line {start + reader.line_num}: {fault}")
            cells = {column: row[at].strip() if at < len(row) else "" for column, at in places.items()}
            cells |= {column: _of_list(cells[column]) for column in _LABELS if cells.get(column, "").startswith("[")}
            if cells["file"]:
                yield Row(**cells)
            elif any(cell.strip() for cell in row):
                nameless.append(str(start + reader.line_num))

    try:
        read = Rows(rows())
    except csv.Error as error:
        raise UserError(f"{place}, line {start + reader.line_num}: {error}; save it as plain CSV") from None
    if not len(read):
        raise UserError(f"{place} lists no pictures; add a row for each")
    more = ", …" if len(nameless) > 3 else ""
    remark = f"{len(nameless)} rows of {place} name no picture and were left out: line {', '.join(nameless[:3])}{more}"
    unread = [name.strip() for name in header if name.strip() and name not in columns.values()]
    idle = f"{len(unread)} columns of {PurePosixPath(place).name} are not read: {first_of(unread)}"
    return Table(read, (*([remark] if nameless else []), *([idle] if unread else [])))


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their ends, as `open` with `newline=""` does; `io.StringIO` holds four bytes a letter."""
    return (found[0] for found in re.finditer(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text))


class _ObjectsOnLines:
    """The objects of JSON lines, read anew for each loop: they take ten times the memory of their text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __iter__(self) -> Iterator[dict[str, Any]]:
        values = (json.loads(line) for line in _lines(self._text) if line.strip())
        return (value for value in values if isinstance(value, dict))


def _of_list(cell: str) -> str:
    """Return the labels of a list that a program wrote into a cell, as `['portrait', 'nude']`; other text as it is."""
    try:
        return text_of(ast.literal_eval(cell))
    except (ValueError, SyntaxError):
        return cell


def _json_table(value: Any) -> Table | None:
    """Return the table in StyleGAN's dataset.json, in COCO's form, in a list of objects, or in a map from names."""
    if value and _is_pairs(value):
        value = {"labels": value}
    if isinstance(value, list):
        return _from_objects(value) if all(isinstance(row, dict) for row in value) else None
    if not isinstance(value, dict):
        return None
    if "labels" in value and value["labels"] is None:
        raise ValueError("its labels are null; write [file, class] for each picture, or give --folders")
    if _is_pairs(value.get("labels")):
        rows = Rows(Row(str(name), label=_class_of(label)) for name, label in value["labels"])
        names = next((value[key] for key in ("class_names", "label_names", "classes") if key in value), ())
        return Table(rows, class_names=tuple(map(str, names)))
    if isinstance(value.get("images"), list) and isinstance(value.get("annotations"), list):
        return _coco_table(value)
    lists = [some for some in value.values() if isinstance(some, list) and some and isinstance(some[0], dict)]
    for some in lists:
        if table := _from_objects([row for row in some if isinstance(row, dict)]):
            return table
    if value and all(isinstance(labels, dict) and "/" not in str(name)[:1] for name, labels in value.items()):
        return _from_objects([{"file": name, **labels} for name, labels in value.items()])
    if value and all(isinstance(label, str | int) and PurePosixPath(name).suffix for name, label in value.items()):
        return Table(Rows(Row(name, label=text_of(label)) for name, label in value.items()))
    return None


def _coco_table(value: dict[str, Any]) -> Table | None:
    """Return a row for each image with the names of the categories of its annotations, each once."""
    try:
        names = {category["id"]: str(category["name"]) for category in value.get("categories", ())}
        found: defaultdict[Any, list[str]] = defaultdict(list)
        for annotation in value["annotations"]:
            label = names.get(annotation.get("category_id"), annotation.get("category") or annotation.get("label"))
            if label is not None and str(label) not in found[annotation["image_id"]]:
                found[annotation["image_id"]].append(str(label))
        rows = [{**image, "label": found.get(image["id"], [])} for image in value["images"]]
    except (KeyError, TypeError, AttributeError):
        return None
    return _from_objects(rows)


def _from_objects(objects: Iterable[dict[str, Any]]) -> Table | None:
    """Return the table of a row for each object, None if none of them names a file. Loops over them twice."""
    columns = columns_of(dict.fromkeys(itertools.chain.from_iterable(objects)))
    if "file" not in columns:
        return None
    nameless = 0

    def rows() -> Iterator[Row]:
        nonlocal nameless
        for some in objects:
            row = Row(**{column: text_of(some.get(name)) for column, name in columns.items()})
            nameless += not row.file
            if row.file:
                yield row

    read = Rows(rows())
    remark = f"{nameless} rows name no picture and were left out"
    return Table(read, (remark,) if nameless else ())


def _is_pairs(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value)


def _class_of(label: Any) -> str:
    """Return a class as text; StyleGAN also writes a vector with a number for each class."""
    if isinstance(label, list):
        return SEVERAL.join(str(place) for place, share in enumerate(label) if share)
    return text_of(label)


def class_names(lines: str) -> Iterator[str]:
    """Yield the names of classes from a JSON list, or a line each, with or without their numbers (`0 portrait`)."""
    if lines.lstrip().startswith("["):
        try:
            yield from map(text_of, json.loads(lines))
        except ValueError as error:
            raise UserError(
                f"the list of the names of classes is no JSON: {error}; write a name on each line"
            ) from None
        return
    for number, line in enumerate(filter(str.strip, lines.splitlines())):
        yield re.sub(rf"^{number}[\s,:=]+", "", line.strip()).strip()
