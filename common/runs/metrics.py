"""A run's figures: `metrics.jsonl`, one JSON object per line; their curves; means over steps; FID on validation."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float
from torch import Tensor

from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.evaluation.distances import fid
from common.evaluation.features import default_feature_network, features_of, load_feature_network, split_features
from common.evaluation.subjects import evaluation_labels, simplexes
from common.files import whole_file
from common.images import to_uint8
from common.machine import used_memory
from common.shares import BATCH, Share

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
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True) if path.is_file() else [], start=1):
        try:
            figures = json.loads(line)
            whole = type(figures["step"]) is type(figures["images"]) is int
            if not whole or not all(isinstance(value, int | float) for value in figures.values()):
                raise TypeError
            found.append(figures)
        except (ValueError, KeyError, TypeError, RecursionError):
            if line.endswith(b"\n"):
                print(f"warning: {path} line {number} is damaged and was skipped", file=sys.stderr)
    return found


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
    for place, (name, points) in enumerate(curves.items(), start=1):
        images, values = np.array(points, dtype=np.float64).T
        width = min(SMOOTHED, max(len(points) // 10, 1))
        smooth = np.convolve(values, np.full(width, 1 / width), mode="valid")
        axes = figure.add_subplot(rows, COLUMNS, place)
        axes.plot(images, values, color=COLOUR, alpha=0.35, linewidth=0.8)
        axes.plot(images[(width - 1) // 2 :][: len(smooth)], smooth, color=COLOUR, linewidth=1.4)
        axes.set_title(name.replace("_", " "), fontsize=10)
        axes.set_xlabel("real images shown", fontsize=8)
        axes.tick_params(labelsize=8)
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


def validation_fid(
    dataset: PaintingDataset,
    resolution: int,
    samples: int,
    paint: Callable[[Sequence[int], Float[Tensor, "b k"], Float[Tensor, "b s"]], Float[Tensor, "b 3 h w"]],
    accelerator: Accelerator,
) -> Callable[[], float]:
    """Return a function that measures the FID of what `paint` paints now. Every process must call it.

    The pictures are those of `scripts/evaluate.py run … --split validation`, so equal numbers of samples give equal
    figures. The test split is not read: it must not choose the weights that it measures later. Raises UserError if the
    feature network does not load or there are too few validation paintings.
    """
    num_real = len(dataset.split("validation", resolution))
    if num_real < 2:
        raise UserError(
            f"logging.fid_every: {dataset.folder} has {num_real} validation paintings, but FID "
            "needs at least 2; prepare more pictures, or train without FID: --set logging.fid_every=0"
        )
    try:
        network = load_feature_network(default_feature_network(), device=accelerator.device)
    except UserError as error:
        raise UserError(f"logging.fid_every: {error}; or train without FID: --set logging.fid_every=0") from None
    share = Share(accelerator.process_index, accelerator.num_processes)
    asked = evaluation_labels(dataset, "validation", resolution, samples, seed=0, styles_asked=True)
    genres, styles = simplexes(dataset.vocabulary, asked, range(samples))

    @cache
    def real() -> Float[np.ndarray, "n f"]:
        return split_features(dataset, "validation", resolution, network, share)

    def measure() -> float:
        own = share.of(samples)
        batches = (own[start : start + BATCH] for start in range(0, len(own), BATCH))
        pictures = (to_uint8(paint(seeds, genres[seeds], styles[seeds])) for seeds in batches)
        return fid(real(), features_of(network, pictures, share))

    return measure
