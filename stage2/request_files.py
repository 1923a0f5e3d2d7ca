"""Files of requests: a CSV or JSON lines in, one series of like requests a row out. `stage2.bulk` paints them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from common import config
from common.config import settings
from common.errors import UserError, suggest
from common.vocabulary import ANY
from stage2.painting import Request, Series


@settings
class Row:
    """What a line of a file of requests holds; all but the genre may be left out, or blank in a CSV."""

    genre: str
    style: str = ANY
    seed: int | None = None
    """Of the first picture."""
    count: int = 1
    resolution: int | None = None
    truncation: float | None = None


COLUMNS = tuple(field.name for field in fields(Row))
_NUMBERS = {"seed": int, "count": int, "resolution": int, "truncation": float}


@dataclass(frozen=True)
class RequestFile:
    """A file of requests, read line by line each time that it is gone through."""

    path: Path
    """`.csv` with a heading, or `.jsonl` with an object a line."""
    usual: Request
    """Whose seed, resolution and truncation a row has that says nothing of them."""

    def __iter__(self) -> Iterator[Series]:
        """Raises UserError that names file and line."""
        readers = {".csv": _csv_lines, ".jsonl": _json_lines}
        suffix = self.path.suffix.lower()
        if suffix not in readers:
            raise UserError(
                f"{self.path}: requests are read from .csv and .jsonl files, not from {suffix or 'others'!r}"
            )
        try:
            for place, values in readers[suffix](self.path):
                yield self._series(config.parse(Row, values, place=place), place)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise UserError(f"{self.path} is not a readable file of requests ({error})") from None

    def _series(self, row: Row, place: str) -> Series:
        usual = self.usual
        request = Request(
            genre=row.genre,
            style=row.style,
            seed=usual.seed if row.seed is None else row.seed,
            resolution=usual.resolution if row.resolution is None else row.resolution,
            truncation=usual.truncation if row.truncation is None else row.truncation,
        )
        return Series(request, row.count, place)


def _csv_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        lines = (values for values in reader if any(text.strip() for text in values))
        heading = [name.strip() for name in next(lines, [])]
        for name in heading:
            if name not in COLUMNS:
                raise UserError(f"{path}: unknown column {name!r}{suggest(name, COLUMNS)}")
            if heading.count(name) > 1:
                raise UserError(f"{path}: the column {name!r} stands in the heading twice; leave one of them out")
        for values in lines:
            place = f"{path} line {reader.line_num}"
            if len(values) > len(heading):
                raise UserError(f"{place} has more values than the heading; put a blend of several names in quotes")
            yield (
                place,
                {name: _number(name, text, place) for name, text in zip(heading, values, strict=False) if text.strip()},
            )


def _number(name: str, text: str, place: str) -> Any:
    if name not in _NUMBERS:
        return text
    try:
        return _NUMBERS[name](text)
    except ValueError:
        raise UserError(f"{place}: {name} {text!r} is not a number") from None


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            place = f"{path} line {number}"
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UserError(f"{place} is not a JSON object ({error})") from None
            if not isinstance(values, dict):
                raise UserError(f"{place} is not a JSON object")
            yield place, {name: value for name, value in values.items() if value not in (None, "")}
