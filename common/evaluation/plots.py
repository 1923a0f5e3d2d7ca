"""The plots of a report, as SVG text: distances to the nearest painting, confusion, spectra."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from common.data.dataset import HeldOut
from common.evaluation.measurements import Confusion, Novelty, Spectra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GENERATED, REAL, INK = "#b5482f", "#3d6b8f", "#2b2a28"


def distance_plot(novelty: Novelty, split: HeldOut) -> str:
    """Plot the distances of generated pictures and of held-out paintings to their nearest training paintings."""
    figure = blank_figure(7, 3)
    axes = figure.subplots()
    both = [*novelty.generated, *novelty.held_out]
    edges: list[float] = np.linspace(min(both), max(both) + 1e-6, 60).tolist()
    for name, distances, colour in (
        ("generated pictures", novelty.generated, GENERATED),
        (f"{split} paintings", novelty.held_out, REAL),
    ):
        axes.hist(distances, edges, density=True, histtype="stepfilled", alpha=0.45, color=colour, label=name)
    axes.axvline(
        novelty.threshold, color=INK, linewidth=1, linestyle="--", label=f"1 % of {split} paintings are closer"
    )
    axes.set_xlabel("distance to the nearest training painting")
    axes.set_yticks([])
    axes.legend(frameon=False)
    return as_svg(figure)


def confusion_plot(kind: str, confusion: Confusion, split: HeldOut) -> str:
    """Plot the judge's confusion matrices of generated pictures and of held-out paintings."""
    count = len(confusion.names)
    figure = blank_figure(3.4 + 0.62 * count, 1.6 + 0.32 * count)
    for axes, title, table in zip(
        figure.subplots(1, 2, sharey=True),
        ("generated pictures", f"real {split} paintings"),
        (confusion.generated, confusion.real),
        strict=True,
    ):
        counts = np.array(table, dtype=float)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Greys", vmin=0, vmax=1)
        axes.set_title(title, fontsize=10)
        # Matplotlib would read a dollar as the start of a formula.
        names = [name.replace("$", r"\$") for name in confusion.names]
        axes.set_xticks(range(count), names, rotation=90)
        axes.set_yticks(range(count), names)
        axes.set_xlabel(f"{kind} that the judge saw")
        for row, column in np.argwhere(shares >= 0.005):
            share = shares[row, column]
            axes.text(
                column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7,
                color="white" if share > 0.5 else INK,
            )  # fmt: skip
    return as_svg(figure)


def spectrum_plot(spectra: Spectra, split: HeldOut) -> str:
    """Plot the spectra of generated pictures and of held-out paintings."""
    figure = blank_figure(7, 3)
    axes = figure.subplots()
    cycles = range(1, len(spectra.held_out) + 1)
    axes.plot(cycles, spectra.held_out, color=REAL, label=f"{split} paintings")
    axes.plot(cycles, spectra.generated, color=GENERATED, label="generated pictures")
    axes.set_xscale("log", base=2)
    axes.set_xlabel("cycles per side (coarse to fine detail)")
    axes.set_ylabel("power, dB")
    axes.legend(frameon=False)
    return as_svg(figure)


def blank_figure(width: float, height: float) -> Figure:
    """Return a transparent figure; width and height in inches."""
    # pyplot would keep every figure in memory and look for a display.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0)
    return figure


def as_svg(figure: Figure) -> str:
    """Return the text of an SVG file."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
