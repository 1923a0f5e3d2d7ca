"""Measure a subject on a dataset: the content of report.json, which `report` and model cards show.

The pictures become observations, and these become figures. All processes share the pictures and compute their
features. The main process computes the figures from them.
"""

from __future__ import annotations

import sys

import numpy as np
from jaxtyping import Int

from common.config import settings
from common.data.dataset import UNLABELLED, HeldOut
from common.errors import UserError
from common.evaluation.distances import NEIGHBOURS
from common.evaluation.features import FeatureNetwork
from common.evaluation.figures import FIGURES, Figure, kid_of_part
from common.evaluation.observations import Observations
from common.evaluation.subjects import Subject
from common.randomness import Purpose, generator_for
from common.shares import Share

VERSION = 2
"""Version of report.json. Version 1 had no split, and scores of real paintings used other numbers of pictures."""
MEANINGFUL = 100
"""Fewest real paintings, and fewest pictures of a single genre or style for its KID, that make meaningful figures."""
SHOWN_COPIES = 12


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
    spectra: dict[str, tuple[float, ...]]
    """Mean power in decibels at 1, 2, … cycles per side, of `generated` pictures and `held_out` paintings."""
    ruler_description: str = ""
    """Of the second ruler; empty without one."""


def measure(
    subject: Subject,
    network: FeatureNetwork,
    share: Share,
    training_limit: int | None = None,
    ruler: FeatureNetwork | None = None,
) -> Measurements | None:
    """Measure a subject, with `training_limit` random training paintings instead of all if it is given.

    `ruler` is a second feature network, of which some figures are computed too.

    Collective: the processes share the pictures. The main process gets the measurements, the others None. Raise
    UserError if there are too few pictures or paintings.
    """
    dataset = subject.dataset
    train, held_out = (len(dataset.split(name, subject.resolution)) for name in ("train", subject.split))
    # In random order, so that any first part is a random sample.
    chosen = generator_for(0, Purpose.EVALUATION_RESAMPLING).permutation(train)[:training_limit]
    counts = f"{held_out} {subject.split} and {len(chosen)} training paintings"
    if min(len(subject), held_out, len(chosen)) <= 2 * NEIGHBOURS:
        remedy = "raise --samples or give more pictures" if len(subject) <= 2 * NEIGHBOURS else "prepare more paintings"
        raise UserError(
            f"{len(subject)} samples, {counts}: measuring needs more than {2 * NEIGHBOURS} of each; {remedy}"
        )
    if share.process == 0:
        what = f"{len(subject)} pictures of {subject.name} at {subject.resolution} pixels"
        print(f"measuring {what} against {counts}, by {network.name}", flush=True)
        if held_out < MEANINGFUL:
            few = f"{held_out} {subject.split} paintings are too few for figures that mean much"
            print(f"warning: {few}; prepare more paintings", file=sys.stderr)
    seen = Observations(subject, chosen, network, share, ruler)
    if share.process != 0:
        return None
    figures = {spec.key: spec.compute(seen) for spec in FIGURES}
    (away, places), (held_out_away, _) = seen.nearest
    rows, closest = seen.train.rows.cpu().numpy()[places[:, 0]], np.argsort(away[:, 0])[:SHOWN_COPIES]
    return Measurements(
        version=VERSION,
        name=subject.name,
        resolution=subject.resolution,
        origin=subject.origin,
        weights=None if subject.painter is None else subject.painter.weights,
        samples=len(subject),
        seed=subject.seed,
        dataset=dataset.description.source,
        split=subject.split,
        train=len(chosen),
        held_out=held_out,
        resize_filter=dataset.description.resize_filter,
        features=network.name,
        features_description=network.description,
        ruler_description="" if ruler is None else ruler.description,
        figures={key: figure for key, figure in figures.items() if figure is not None},
        kid_by_genre=_kid_by_class(seen, "genre"),
        kid_by_style=_kid_by_class(seen, "style"),
        confusions={
            kind: Confusion(
                names=labels.names,
                generated=_confusion(labels.asked, seen.verdicts[kind].of_seen, len(labels.names)),
                real=_confusion(labels.held_out, seen.verdicts[kind].of_held_out, len(labels.names)),
            )
            for kind, labels in seen.labels.items()
            if kind in seen.verdicts and (labels.asked != UNLABELLED).any()
        },
        novelty=Novelty(
            threshold=seen.copy_threshold,
            generated=tuple(away[:, 0].tolist()),
            held_out=tuple(held_out_away[:, 0].tolist()),
            nearest=tuple(Copy(place=at, row=int(rows[at]), distance=float(away[at, 0])) for at in closest.tolist()),
        ),
        ranking=tuple(seen.ranking.tolist()),
        spectra={
            name: tuple(spectra.mean(axis=0).tolist())
            for name, spectra in (("generated", seen.spectra), ("held_out", seen.spectra_of_held_out))
        },
    )


def _kid_by_class(seen: Observations, kind: str) -> dict[str, Figure | None]:
    """Compute KID of each class against its held-out paintings, if there are enough of both."""
    labels, found = seen.labels[kind], {}
    for place, name in enumerate(labels.names if (labels.asked != UNLABELLED).any() else ()):
        real, generated = seen.features_of_held_out[labels.held_out == place], seen.features[labels.asked == place]
        enough = min(len(real), len(generated)) >= MEANINGFUL
        found[name] = kid_of_part(seen, real, generated) if enough else None
    return found


def _confusion(truth: Int[np.ndarray, "n"], judged: Int[np.ndarray, "n"], count: int) -> tuple[tuple[int, ...], ...]:
    """Count the pictures by requested class (row) and judged class (column); skip pictures without a request."""
    pairs = (truth * count + judged)[truth != UNLABELLED]
    table = np.bincount(pairs, minlength=count**2).reshape(count, count)
    return tuple(map(tuple, table.tolist()))
