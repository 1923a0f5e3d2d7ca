"""Draw a run's figures over time, from `metrics.jsonl`: one curve for each figure, on one sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from common.files import whole_file
from common.runs.metrics import FID_SAMPLES, read_metrics

COLUMNS = 3
SMOOTHED = 20
"""Largest window of the moving mean, in points."""
COLOUR = "#3d6b8f"


def read_curves(metrics: Path) -> dict[str, Float[np.ndarray, "p 2"]]:
    """Return pairs (real images shown, value) for each figure that has at least two points."""
    lines = read_metrics(metrics)
    names = sorted({name for line in lines for name in line} - {"step", "images", FID_SAMPLES})
    points = {name: [(line["images"], line[name]) for line in lines if name in line] for name in names}
    return {name: np.array(pairs, dtype=np.float64) for name, pairs in points.items() if len(pairs) > 1}


def save_curves(metrics: Path, path: Path) -> None:
    """Write a PNG of all curves, if there are any: the points, pale, and their moving mean."""
    # Not pyplot: it would keep every figure in memory and look for a display.
    from matplotlib.figure import Figure

    curves = read_curves(metrics)
    if not curves:
        return
    rows = -(-len(curves) // COLUMNS)
    figure = Figure(figsize=(4 * COLUMNS, 2.4 * rows), layout="constrained")
    places = list(figure.subplots(rows, COLUMNS, squeeze=False).flat)
    for axes, (name, points) in zip(places, curves.items(), strict=False):
        images, values = points.T
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
