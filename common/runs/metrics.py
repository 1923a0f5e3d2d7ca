"""A run's figures as they were logged: `metrics.jsonl`, an object a line, in and out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

VALIDATION_FID = "fid_validation"
"""Name of the figure that the best weights are chosen by."""
FID_SAMPLES = "fid_samples"
"""Beside it, of how many pictures it is: of other numbers FIDs do not compare."""


def append_metrics(path: Path, figures: Mapping[str, float]) -> None:
    """Write one line more."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures) + "\n")


def read_metrics(path: Path) -> list[dict[str, float]]:
    """Every line, oldest first; nothing where there is no file.

    What a killed run has left of its last line is passed over, and a damaged line with a warning: figures are no reason
    to lose a run or a report.
    """
    if not path.is_file():
        return []
    lines = path.read_bytes().splitlines(keepends=True)
    found = []
    for number, line in enumerate(lines, start=1):
        figures = _parsed(line)
        if figures is not None:
            found.append(figures)
        elif line.endswith(b"\n"):
            print(f"warning: {path} line {number} is damaged and passed over", file=sys.stderr)
    return found


def rewrite_metrics(path: Path, lines: Iterable[Mapping[str, float]]) -> None:
    """Put lines in the place of those that were there; the file appears whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    partial.replace(path)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        figures = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(figures, dict) and all(type(figures.get(name)) is int for name in ("step", "images"))
    return figures if whole and all(isinstance(value, (int, float)) for value in figures.values()) else None
