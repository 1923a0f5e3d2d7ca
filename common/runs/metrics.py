"""A run's figures: their means over some steps, `metrics.jsonl`, one JSON object per line, and their curves."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from common.files import whole_file
from common.machine import used_memory

VALIDATION_FID = "fid_validation"
"""Name of the figure by which the best weights are chosen."""
FID_SAMPLES = "fid_samples"
"""Number of generated pictures in that FID. FIDs of different numbers do not compare."""
COLUMNS = 3
SMOOTHED = 20
"""Largest window of the moving mean, in points."""
COLOUR = "#3d6b8f"


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


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        figures = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(figures, dict) and all(type(figures.get(name)) is int for name in ("step", "images"))
    return figures if whole and all(isinstance(value, (int, float)) for value in figures.values()) else None


def save_curves(metrics: Path, path: Path) -> None:
    """Write a PNG with a curve over the real images shown for each figure: the points, pale, and their moving mean.

    Figures with fewer than two points are left out; writes nothing if there are no others.
    """
    # Not pyplot: it would keep every figure in memory and look for a display.
    from matplotlib.figure import Figure

    lines = read_metrics(metrics)
    names = sorted({name for line in lines for name in line} - {"step", "images", FID_SAMPLES})
    curves = {name: [(line["images"], line[name]) for line in lines if name in line] for name in names}
    curves = {name: points for name, points in curves.items() if len(points) > 1}
    if not curves:
        return
    rows = -(-len(curves) // COLUMNS)
    figure = Figure(figsize=(4 * COLUMNS, 2.4 * rows), layout="constrained")
    places = list(figure.subplots(rows, COLUMNS, squeeze=False).flat)
    for axes, (name, points) in zip(places, curves.items(), strict=False):
        images, values = np.array(points, dtype=np.float64).T
        width = min(SMOOTHED, max(len(points) // 10, 1))
        smooth = np.convolve(values, np.full(width, 1 / width), mode="valid")
        axes.plot(images, values, color=COLOUR, alpha=0.35, linewidth=0.8)
        axes.plot(images[(width - 1) // 2 :][: len(smooth)], smooth, color=COLOUR, linewidth=1.4)
        axes.set_title(name.replace("_", " "), fontsize=10)
        axes.set_xlabel("real images shown", fontsize=8)
        axes.tick_params(labelsize=8)
    for axes in places[len(curves) :]:
        axes.set_axis_off()
    with whole_file(path) as partial:
        figure.savefig(partial, format="png", dpi=100)


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
