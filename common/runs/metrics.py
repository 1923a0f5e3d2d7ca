"""Read and write a run's figures: `metrics.jsonl`, one JSON object per line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from common.files import write_atomically

VALIDATION_FID = "fid_validation"
"""Name of the figure by which the best weights are chosen."""
FID_SAMPLES = "fid_samples"
"""Number of generated pictures in that FID. FIDs of different numbers do not compare."""


def append_metrics(path: Path, figures: Mapping[str, float]) -> None:
    """Append one line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures) + "\n")


def read_metrics(path: Path) -> list[dict[str, float]]:
    """Return all lines, oldest first; none if there is no file.

    An incomplete last line, as a killed run leaves it, is skipped silently; other damaged lines are skipped with a
    warning. Lost figures must not stop a run or a report.
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
            print(f"warning: {path} line {number} is damaged and was skipped", file=sys.stderr)
    return found


def rewrite_metrics(path: Path, lines: Iterable[Mapping[str, float]]) -> None:
    """Replace all lines. A reader never sees half a file."""
    write_atomically(path, "".join(json.dumps(line) + "\n" for line in lines))


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        figures = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(figures, dict) and all(type(figures.get(name)) is int for name in ("step", "images"))
    return figures if whole and all(isinstance(value, (int, float)) for value in figures.values()) else None
