"""The content of report.json. `common.evaluation.measures` computes it; reports and model cards show it."""

from __future__ import annotations

from common.config import settings
from common.data.dataset import HeldOut

VERSION = 2
"""Version of report.json. Version 1 had no split, and scores of real paintings used other numbers of pictures."""


@settings
class Figure:
    """One number with its 95 % interval, its number of samples, and the score of real paintings by the same measure."""

    value: float
    low: float
    high: float
    samples: int
    """Number of generated pictures measured; of real paintings for the critic's accuracy on them."""
    real: float | None = None
    real_samples: int | None = None


@settings
class Confusion:
    """Confusion matrices of the judge: a row per requested or true label, a column per label that the judge saw."""

    names: tuple[str, ...]
    generated: tuple[tuple[int, ...], ...]
    real: tuple[tuple[int, ...], ...]


@settings
class Copy:
    """The generated picture `place` and its nearest training painting: `row` of the dataset's labels.csv, from 0."""

    place: int
    row: int
    distance: float


@settings
class Novelty:
    """Distance from each generated picture and each held-out painting to its nearest training painting."""

    threshold: float
    """1 % of the held-out paintings are nearer than this."""
    generated: tuple[float, ...]
    held_out: tuple[float, ...]
    nearest: tuple[Copy, ...]
    """The generated pictures nearest to a training painting, nearest first."""


@settings
class Spectra:
    """Mean power in decibels at 1, 2, … cycles per side."""

    generated: tuple[float, ...]
    held_out: tuple[float, ...]


@settings
class Measurements:
    """The content of report.json. A figure that could not be measured is absent from `figures`."""

    version: int
    name: str
    resolution: int
    origin: str
    weights: str | None
    """Hashes of the weights that painted the pictures; None for pictures from a folder."""
    samples: int
    seed: int
    dataset: str
    """The dataset's source."""
    split: HeldOut
    """The held-out paintings: `test`, or `validation` to choose settings by."""
    train: int
    """Number of training paintings that were used."""
    held_out: int
    """Number of paintings of `split` that were used."""
    resize_filter: str
    """The filter by which the paintings were resized to `resolution`."""
    features: str
    features_description: str
    figures: dict[str, Figure]
    kid_by_genre: dict[str, Figure | None]
    """None for a label with too few paintings or pictures."""
    kid_by_style: dict[str, Figure | None]
    confusions: dict[str, Confusion]
    """By `genre` and `style`."""
    novelty: Novelty
    ranking: tuple[int, ...]
    """Indices of the generated pictures as the critic ranks them, best first; empty without a critic."""
    spectra: Spectra
