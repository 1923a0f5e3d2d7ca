"""A run's figures: their means over some steps, and `metrics.jsonl`, one JSON object per line."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from common.files import write_atomically
from common.machine import used_memory

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


class RunningFigures:
    """Sums of figures since the last reading, kept on the device until they are read."""

    def __init__(self, accelerator: Accelerator, images_per_step: int) -> None:
        """`images_per_step` is the number of real paintings shown per step, over all processes."""
        self._accelerator, self._images_per_step = accelerator, images_per_step
        self._sums: dict[str, Tensor] = {}
        self._steps = 0
        self._since = time.perf_counter()

    def add(self, figures: Mapping[str, Tensor]) -> None:
        """Add the figures of a step. A figure with two values is a sum over some pictures and their number."""
        for name, value in figures.items():
            value = value.detach().float()
            if value.ndim == 0:
                value = torch.stack([value, torch.ones_like(value)])
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value
        self._steps += 1

    @contextmanager
    def clock_stopped(self) -> Iterator[None]:
        """Leave the time inside out of the measured speed."""
        before = time.perf_counter()
        yield
        self._since += time.perf_counter() - before

    def read(self) -> dict[str, float]:
        """Return means over all processes since the last reading, speed in real images per second and memory in GB.

        Every process must call it.
        """
        # A figure is left out if there was no picture to measure it on.
        figures = {name: total / number for name, (total, number) in self._totals().items() if number}
        now = time.perf_counter()
        figures["images_per_second"] = self._steps * self._images_per_step / (now - self._since)
        figures["memory_gb"] = used_memory(self._accelerator.device) / 2**30
        self._sums, self._steps, self._since = {}, 0, now
        return figures

    def not_finite(self) -> list[str]:
        """Return the figures that were not finite, on any process. Every process must call it."""
        return [name for name, (total, _) in self._totals().items() if not math.isfinite(total)]

    def _totals(self) -> dict[str, list[float]]:
        """Return the sum of each figure and its number of pictures, over all processes."""
        if not self._sums:
            return {}
        totals: Any = self._accelerator.reduce(torch.stack([*self._sums.values()]), reduction="sum")
        return dict(zip(self._sums, totals.tolist(), strict=True))
