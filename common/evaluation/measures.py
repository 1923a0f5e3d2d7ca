"""Measure a subject on a dataset: the pictures become observations, these become figures, and `report` shows them.

All processes share the pictures and compute their features. The main process computes the figures from them.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int
from tqdm import tqdm

from common.data.dataset import UNLABELLED, PaintingDataset
from common.errors import UserError
from common.evaluation.features import FeatureNetwork
from common.evaluation.figures import FIGURES, kid_of_part
from common.evaluation.judge import confusion
from common.evaluation.measurements import VERSION, Confusion, Copy, Figure, Measurements, Novelty, Spectra
from common.evaluation.neighbours import NEIGHBOURS, copy_threshold
from common.evaluation.observations import Labels, Observations, num_observed, observe
from common.evaluation.references import reference_features
from common.evaluation.subjects import Subject
from common.randomness import Purpose, generator_for
from common.shares import Share

CLASS_MINIMUM = 100
"""Fewest real paintings, and fewest generated pictures, for the KID of a single genre or style."""
SHOWN_COPIES = 12


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
    train, held_out = (dataset.split(name, subject.resolution) for name in ("train", subject.split))
    # In random order, so that any first part is a random sample.
    drawn = generator_for(0, Purpose.EVALUATION_RESAMPLING).permutation(len(train))[:training_limit]
    if min(len(subject), len(held_out), len(drawn)) <= 2 * NEIGHBOURS:
        remedy = "raise --samples" if len(subject) <= 2 * NEIGHBOURS else "prepare more paintings"
        raise UserError(
            f"{len(subject)} samples, {len(held_out)} {subject.split} and {len(drawn)} training paintings: measuring "
            f"needs more than {2 * NEIGHBOURS} of each; {remedy}"
        )
    train = train.at(drawn)
    if share.is_main:
        print(
            f"measuring {len(subject)} pictures of {subject.name} at {subject.resolution} pixels against "
            f"{len(held_out)} {subject.split} and {len(drawn)} training paintings, by {network.name}",
            flush=True,
        )
    total = len(drawn) + 2 * len(held_out) + num_observed(subject)
    # None shows the bar only on a terminal.
    hidden = None if share.is_main else True
    with tqdm(total=total // share.processes, unit="picture", disable=hidden, dynamic_ncols=True) as progress:
        real = reference_features(dataset, subject.resolution, network, drawn, subject.split, share, progress.update)
        seen = observe(subject, train, held_out, real, network, share, progress.update)
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
        train=len(train),
        held_out=len(held_out),
        resize_filter=dataset.description.resize_filter,
        features=network.name,
        features_description=network.description,
        figures={key: figure for key, figure in computed.items() if figure is not None},
        kid_by_genre=_kid_by_class(seen, seen.labels["genre"]),
        kid_by_style=_kid_by_class(seen, seen.labels["style"]),
        confusions={
            kind: Confusion(
                names=labels.names,
                generated=_rows(confusion(labels.asked, seen.verdicts[kind].of_seen, len(labels.names))),
                real=_rows(confusion(labels.held_out, seen.verdicts[kind].of_held_out, len(labels.names))),
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
        real, generated = seen.real.held_out[labels.held_out == place], seen.features[labels.asked == place]
        enough = min(len(real), len(generated)) >= CLASS_MINIMUM
        found[name] = kid_of_part(seen, real, generated) if enough else None
    return found


def _novelty(seen: Observations) -> Novelty:
    generated, held_out = seen.nearest
    closest = np.argsort(generated.distances)[:SHOWN_COPIES]
    rows = seen.train.rows.cpu().numpy()[generated.places]
    return Novelty(
        threshold=copy_threshold(held_out),
        generated=tuple(generated.distances.tolist()),
        held_out=tuple(held_out.distances.tolist()),
        nearest=tuple(
            Copy(place=int(place), row=int(rows[place]), distance=float(generated.distances[place]))
            for place in closest
        ),
    )


def _rows(table: Int[np.ndarray, "k k"]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in table.tolist())
