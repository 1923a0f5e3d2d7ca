"""What a report holds: the keys of report.json. `common.evaluation.measures` fills them in."""

from __future__ import annotations

from common.config import settings
from common.data.dataset import HeldOut

VERSION = 2
"""Of a report. Those of version 1 say nothing of the split, and their marks were of other numbers of pictures."""


@settings
class Figure:
    """One number and what has to be known of it."""

    value: float
    low: float
    """Lower end of the 95 % interval."""
    high: float
    samples: int
    """Generated pictures that it rests on; real paintings where it is a figure of the critic on real paintings."""
    real: float | None = None
    """What real paintings score by the same measure: the mark to hold it against."""
    real_samples: int | None = None
    """Real paintings that stood where the generated pictures stand."""


@settings
class Confusion:
    """Rows are what was asked, columns what the judge saw; of generated pictures and of held-out paintings."""

    names: tuple[str, ...]
    generated: tuple[tuple[int, ...], ...]
    real: tuple[tuple[int, ...], ...]


@settings
class Copy:
    """A generated picture and the training painting nearest to it."""

    place: int
    """Of the generated picture, counted from the first."""
    row: int
    """Of the painting in the dataset's labels.csv, counted from 0."""
    distance: float


@settings
class Novelty:
    """How near generated pictures come to training paintings, beside how near held-out paintings do."""

    threshold: float
    """1 % of held-out paintings lie nearer than this to a training painting."""
    generated: tuple[float, ...]
    """Distance from each generated picture to its nearest training painting."""
    held_out: tuple[float, ...]
    """Distance from each held-out painting to its nearest training painting."""
    nearest: tuple[Copy, ...]
    """The generated pictures that come nearest, nearest first."""


@settings
class Spectra:
    """Power of detail in decibel, at 1, 2, … cycles along a side, of an average picture."""

    generated: tuple[float, ...]
    held_out: tuple[float, ...]


@settings
class Measurements:
    """What report.json holds. Keys keep their meaning; a measure that could not be taken is absent."""

    version: int
    name: str
    resolution: int
    origin: str
    weights: str | None
    """Hashes of what painted them; None of pictures from a folder."""
    samples: int
    seed: int
    dataset: str
    """The dataset's source."""
    split: HeldOut
    """The paintings that training did not see: `test`, or `validation` where something is chosen by the figures."""
    train: int
    """Training paintings that were measured against."""
    held_out: int
    """Paintings of `split` that were measured against."""
    resize_filter: str
    """By which the paintings came to `resolution`."""
    features: str
    features_description: str
    figures: dict[str, Figure]
    kid_by_genre: dict[str, Figure | None]
    """None where there are too few paintings or pictures for a figure."""
    kid_by_style: dict[str, Figure | None]
    confusions: dict[str, Confusion]
    """By `genre` and `style`."""
    novelty: Novelty
    ranking: tuple[int, ...]
    """Places of the generated pictures, the critic's favourites first; empty without a critic."""
    spectra: Spectra
