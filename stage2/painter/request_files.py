"""Read requests from a CSV or JSON Lines file, one series of pictures per row."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from common import config
from common.config import settings
from common.errors import UserError, suggest
from common.vocabulary import ANY
from stage2.painter.requests import Request, Series


@settings
class Row:
    """The columns of a request file. All but the genre may be left out, or blank in a CSV."""

    genre: str
    style: str = ANY
    seed: int | None = None
    """The seed of the first picture; the next pictures take the next seeds."""
    count: int = 1
    resolution: int | None = None
    truncation: float | None = None


COLUMNS = tuple(field.name for field in fields(Row))
LABELS = ("genre", "style")


def read_requests(path: Path, usual: Request) -> Iterator[Series]:
    """Yield a series for each row; `usual` gives the default seed, resolution and truncation.

    The file is a `.csv` with a header, or a `.jsonl` with one object per line. Raises UserError that names file and
    line.
    """
    readers = {".csv": _csv_lines, ".jsonl": _json_lines}
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise UserError(f"{path}: requests must be in a .csv or .jsonl file")
    try:
        for line, values in readers[suffix](path):
            given = config.as_values(config.parse(Row, values, place=line))
            count = given.pop("count")
            request = replace(usual, **{name: value for name, value in given.items() if value is not None})
            yield Series.of(request, count, line)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} is not a readable file of requests ({error})") from None


def _csv_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        lines = (values for values in reader if any(text.strip() for text in values))
        heading = [name.strip() for name in next(lines, [])]
        for name in heading:
            if name not in COLUMNS:
                raise UserError(f"{path}: unknown column {name!r}{suggest(name, COLUMNS)}")
            if heading.count(name) > 1:
                raise UserError(f"{path}: the header has the column {name!r} twice; leave one of them out")
        for values in lines:
            line = f"{path} line {reader.line_num}"
            if len(values) > len(heading):
                raise UserError(f"{line} has more values than the header; put a blend of several names in quotes")
            given = {name: text for name, text in zip(heading, values, strict=False) if text.strip()}
            yield line, {name: text if name in LABELS else _number(text) for name, text in given.items()}


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, text in enumerate(file, start=1):
            if not text.strip():
                continue
            line = f"{path} line {number}"
            try:
                values = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise UserError(f"{line} is not a JSON object ({error})") from None
            if not isinstance(values, dict):
                raise UserError(f"{line} is not a JSON object")
            yield line, {name: value for name, value in values.items() if value not in (None, "")}
