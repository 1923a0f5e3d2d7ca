"""Measure a subject on a dataset: the content of report.json, which `report` and model cards show.

The pictures become observations, and these become figures. All processes share the pictures and compute their
features. The main process computes the figures from them.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from common.config import settings
from common.data.dataset import UNLABELLED, HeldOut, PaintingDataset
from common.errors import UserError
from common.evaluation.features import FeatureNetwork
from common.evaluation.figures import FIGURES, Figure, kid_of_part
from common.evaluation.neighbours import NEIGHBOURS, copy_threshold
from common.evaluation.observations import Labels, Observations
from common.evaluation.subjects import Subject
from common.randomness import Purpose, generator_for
from common.shares import Share

VERSION = 2
"""Version of report.json. Version 1 had no split, and scores of real paintings used other numbers of pictures."""
CLASS_MINIMUM = 100
"""Fewest real paintings, and fewest generated pictures, for the KID of a single genre or style."""
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


def measure(
    subject: Subject,
    dataset: PaintingDataset,
    network: FeatureNetwork,
    share: Share,
    *,
    training_limit: int | None = None,
) -> Measurements | None:
    """Measure a subject, with `training_limit` random training paintings instead of all if it is given.

    Collective: the processes share the pictures. The main process gets the measurements, the others None. Raise
    UserError if there are too few pictures or paintings.
    """
    train, held_out = (len(dataset.split(name, subject.resolution)) for name in ("train", subject.split))
    # In random order, so that any first part is a random sample.
    chosen = generator_for(0, Purpose.EVALUATION_RESAMPLING).permutation(train)[:training_limit]
    counts = f"{held_out} {subject.split} and {len(chosen)} training paintings"
    if min(len(subject), held_out, len(chosen)) <= 2 * NEIGHBOURS:
        remedy = "raise --samples" if len(subject) <= 2 * NEIGHBOURS else "prepare more paintings"
        raise UserError(
            f"{len(subject)} samples, {counts}: measuring needs more than {2 * NEIGHBOURS} of each; {remedy}"
        )
    if share.is_main:
        where = f"{subject.name} at {subject.resolution} pixels"
        print(f"measuring {len(subject)} pictures of {where} against {counts}, by {network.name}", flush=True)
    seen = Observations(subject, dataset, chosen, network, share)
    if not share.is_main:
        return None
    computed = {spec.key: spec.compute(seen) for spec in FIGURES}
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
        figures={key: figure for key, figure in computed.items() if figure is not None},
        kid_by_genre=_kid_by_class(seen, seen.labels["genre"]),
        kid_by_style=_kid_by_class(seen, seen.labels["style"]),
        confusions={
            kind: Confusion(
                names=labels.names,
                generated=_confusion(labels.asked, seen.verdicts[kind].of_seen, labels),
                real=_confusion(labels.held_out, seen.verdicts[kind].of_held_out, labels),
            )
            for kind, labels in seen.labels.items()
            if kind in seen.verdicts and (labels.asked != UNLABELLED).any()
        },
        novelty=_novelty(seen),
        ranking=tuple(seen.ranking.tolist()),
        spectra=Spectra(
            generated=tuple(seen.spectra.mean(axis=0).tolist()),
            held_out=tuple(seen.spectra_of_held_out.mean(axis=0).tolist()),
        ),
    )


def _kid_by_class(seen: Observations, labels: Labels) -> dict[str, Figure | None]:
    """Compute KID of each class against its held-out paintings, if there are enough of both."""
    found: dict[str, Figure | None] = {}
    if (labels.asked == UNLABELLED).all():
        return found
    for place, name in enumerate(labels.names):
        real, generated = seen.features_of_held_out[labels.held_out == place], seen.features[labels.asked == place]
        enough = min(len(real), len(generated)) >= CLASS_MINIMUM
        found[name] = kid_of_part(seen, real, generated) if enough else None
    return found


def _confusion(
    truth: Int[np.ndarray, "n"], judged: Int[np.ndarray, "n"], labels: Labels
) -> tuple[tuple[int, ...], ...]:
    """Count the pictures by requested class (row) and judged class (column); skips pictures without a request."""
    table = np.zeros((len(labels.names), len(labels.names)), dtype=np.int64)
    labelled = truth != UNLABELLED
    np.add.at(table, (truth[labelled], judged[labelled]), 1)
    return tuple(map(tuple, table.tolist()))


def _novelty(seen: Observations) -> Novelty:
    (distances, places), (of_held_out, _) = seen.nearest
    rows = seen.train.rows.cpu().numpy()[places[:, 0]]
    closest = np.argsort(distances[:, 0])[:SHOWN_COPIES].tolist()
    return Novelty(
        threshold=copy_threshold(of_held_out),
        generated=tuple(distances[:, 0].tolist()),
        held_out=tuple(of_held_out[:, 0].tolist()),
        nearest=tuple(Copy(place=at, row=int(rows[at]), distance=float(distances[at, 0])) for at in closest),
    )
