"""Measure a subject on a dataset: compute every figure of a report (`common.evaluation.report` writes it).

All processes share the pictures and compute their features. The main process computes the figures from them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from tqdm import tqdm

from common.curation import favourites, passed_over, rank
from common.data.dataset import UNLABELLED, PaintingDataset, Split, one_hot
from common.errors import UserError
from common.evaluation.bootstrap import (
    Interval,
    interval_around,
    interval_of_mean,
    jackknife_deviation,
    no_narrower,
    widened,
)
from common.evaluation.distances import FidInterval, fid, kid, kid_interval, kid_of_all
from common.evaluation.features import FeatureNetwork
from common.evaluation.judge import confusion, fit_judge, fit_replicates
from common.evaluation.measurements import VERSION, Confusion, Copy, Figure, Measurements, Novelty, Spectra
from common.evaluation.neighbours import COPY_QUANTILE, NEIGHBOURS, copies, manifolds, nearest
from common.evaluation.observations import Observations, num_observed, observe
from common.evaluation.references import References, reference_features
from common.evaluation.spectra import spectral_distance
from common.evaluation.subjects import Subject
from common.randomness import Purpose, generator_for
from common.shares import Share

CLASS_MINIMUM = 100
"""Fewest real paintings, and fewest generated pictures, for the KID of a single genre or style."""
SHOWN_COPIES = 12
REACH_PARTS = 8
"""Parts of the generated pictures; each jackknife replicate of recall and coverage leaves one out."""


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
    total = len(drawn) + 2 * len(held_out) + num_observed(subject)
    # None shows the bar only on a terminal.
    hidden = None if share.is_main else True
    with tqdm(total=total // share.processes, unit="picture", disable=hidden, dynamic_ncols=True) as progress:
        references = reference_features(
            dataset, subject.resolution, network, drawn, subject.split, share, progress.update
        )
        stand_in = train.at(np.arange(min(len(subject), len(train))))
        observed = observe(subject, held_out, stand_in, network, share, progress.update)
    if not share.is_main:
        return None
    return _Figures(subject, dataset, train, held_out, references, observed).measurements(network)


@dataclass(frozen=True)
class _Labels:
    """One kind of label: its names, and the indices requested for the pictures and of the paintings."""

    kind: str
    names: tuple[str, ...]
    asked: Int[np.ndarray, "n"]
    train: Int[np.ndarray, "t"]
    held_out: Int[np.ndarray, "m"]


@dataclass(frozen=True)
class _Verdicts:
    """The judge's classes of the pictures and of held-out paintings, and its replicates' of the pictures."""

    of_seen: Int[np.ndarray, "n"]
    of_held_out: Int[np.ndarray, "m"]
    of_seen_by_replicates: Int[np.ndarray, "g n"]


class _Figures:
    """Computes the figures of a subject from features.

    The score of real paintings uses as many as there are generated pictures: by most measures, fewer score worse.
    """

    def __init__(
        self,
        subject: Subject,
        dataset: PaintingDataset,
        train: Split,
        held_out: Split,
        references: References,
        observed: Observations,
    ) -> None:
        self.subject = subject
        self.dataset = dataset
        self.train, self.held_out = train, held_out
        self.real, self.seen = references, observed
        self.random = generator_for(subject.seed, Purpose.EVALUATION_RESAMPLING)

    def measurements(self, network: FeatureNetwork) -> Measurements:
        """Compute all figures."""
        figures = self.distances() | self.varieties() | self.spectrum()
        confusions: dict[str, Confusion] = {}
        judged: dict[str, _Verdicts] = {}
        for labels in self.labels():
            if len(set(labels.train[labels.train != UNLABELLED])) > 1:
                verdicts = judged[labels.kind] = self.verdicts(labels)
                if (labels.asked != UNLABELLED).any():
                    confusions[labels.kind] = Confusion(
                        names=labels.names,
                        generated=_rows(confusion(labels.asked, verdicts.of_seen, len(labels.names))),
                        real=_rows(confusion(labels.held_out, verdicts.of_held_out, len(labels.names))),
                    )
                figures |= self.accuracy(labels, verdicts)
            figures |= self.critic(labels)
        figures |= self.responses()
        novelty, copied = self.novelty()
        figures["near_copies"] = copied
        ranking: tuple[int, ...] = ()
        if self.seen.opinions is not None:
            asked = (one_hot(labels.asked, len(labels.names)) for labels in self.labels())
            order = rank(self.seen.opinions, *asked)
            ranking = tuple(order.tolist())
            figures |= self.curated(order, judged)
        return Measurements(
            version=VERSION,
            name=self.subject.name,
            resolution=self.subject.resolution,
            origin=self.subject.origin,
            weights=None if self.subject.painter is None else self.subject.painter.weights,
            samples=len(self.subject),
            seed=self.subject.seed,
            dataset=self.dataset.description.source,
            split=self.subject.split,
            train=len(self.train),
            held_out=len(self.held_out),
            resize_filter=self.dataset.description.resize_filter,
            features=network.name,
            features_description=network.description,
            figures=figures,
            kid_by_genre=self.kid_by_class(
                tuple(self.dataset.vocabulary.genres), self.subject.genres, self.held_out.genres
            ),
            kid_by_style=self.kid_by_class(
                tuple(self.dataset.vocabulary.styles), self.subject.styles, self.held_out.styles
            ),
            confusions=confusions,
            novelty=novelty,
            ranking=ranking,
            spectra=Spectra(
                generated=tuple(self.seen.spectra.mean(axis=0).tolist()),
                held_out=tuple(self.seen.spectra_of_held_out.mean(axis=0).tolist()),
            ),
        )

    def labels(self) -> tuple[_Labels, _Labels]:
        """Return the labels of both kinds."""
        vocabulary, asked, train, held_out = self.dataset.vocabulary, self.subject, self.train, self.held_out
        return (
            _Labels("genre", tuple(vocabulary.genres), asked.genres, train.genres, held_out.genres),
            _Labels("style", tuple(vocabulary.styles), asked.styles, train.styles, held_out.styles),
        )

    def distances(self) -> dict[str, Figure]:
        """Compute KID to the held-out split, and FID to the held-out and the training split."""
        held_out, train, features = self.real.held_out, self.real.train, self.seen.features
        value = kid(held_out, features, seed=self.subject.seed).value
        interval = kid_interval(value, held_out, features, self.random)
        stand_in = train[: len(features)]
        ideal = kid(held_out, stand_in, seed=self.subject.seed).value
        return {
            "kid": Figure(
                value=value, low=interval.low, high=interval.high, samples=len(features),
                real=ideal, real_samples=len(stand_in),
            ),
            "fid": self.fid(held_out, train),
            "fid_train": self.fid(train, held_out),
        }  # fmt: skip

    def fid(self, real: Float[np.ndarray, "n f"], stand_in: Float[np.ndarray, "m f"]) -> Figure:
        """Compute FID to `real`, and that of `stand_in` as the score of real paintings, on equal numbers of both."""
        count = min(len(self.subject), len(stand_in))
        features = self.seen.features[self.random.permutation(len(self.subject))[:count]]
        value = fid(real, features)
        interval = FidInterval(real).around(value, features, self.random)
        return Figure(
            value=value, low=interval.low, high=interval.high, samples=count,
            real=fid(real, stand_in[self.random.permutation(len(stand_in))[:count]]), real_samples=count,
        )  # fmt: skip

    def varieties(self) -> dict[str, Figure]:
        """Compute precision, recall, density and coverage on sets of equal size, and the diversity within genres."""
        count = min(len(self.subject), len(self.held_out), len(self.train))
        places = [self.random.permutation(length)[:count] for length in (len(self.held_out), len(self.subject))]
        real, generated = self.real.held_out[places[0]], self.seen.features[places[1]]
        found, ideal = manifolds(real, generated), manifolds(real, self.real.train[:count])
        figures = {
            name: self.mean(getattr(found, name), count, getattr(ideal, name))
            for name in ("recall", "coverage", "precision", "density")
        }
        for name, deviation in deviations_of_reach(real, generated, self.random).items():
            figure = figures[name]
            interval = no_narrower(Interval(figure.low, figure.high), figure.value, deviation)
            figures[name] = dataclasses.replace(figure, low=interval.low, high=interval.high)
        own, theirs = (
            distances_within(features, labels, self.random)
            for features, labels in (
                (self.seen.features, self.subject.genres),
                (self.real.held_out, self.held_out.genres),
            )
        )
        if len(own) and len(theirs):
            figures["diversity"] = dataclasses.replace(
                self.mean(own / theirs.mean(), 2 * len(own)), real=1.0, real_samples=2 * len(theirs)
            )
        return figures

    def spectrum(self) -> dict[str, Figure]:
        """Compute the distance between the spectra of the pictures and of held-out paintings."""
        held_out, stand_in = self.seen.spectra_of_held_out, self.seen.spectra_of_stand_in
        own = self.seen.spectra[self.random.permutation(len(self.subject))[: len(stand_in)]]
        value = spectral_distance(own, held_out)
        interval = interval_around(
            value, lambda counts: spectral_distance(np.repeat(own, counts, axis=0), held_out), len(own), self.random
        )
        return {
            "spectrum": Figure(
                value=value, low=max(interval.low, 0.0), high=interval.high, samples=len(own),
                real=spectral_distance(stand_in, held_out), real_samples=len(stand_in),
            )
        }  # fmt: skip

    def verdicts(self, labels: _Labels) -> _Verdicts:
        """Fit the judge of one kind of label and classify the pictures."""
        fitted = self.real.train, labels.train, len(labels.names)
        # A random stream of its own, so that all reports on a dataset use the same judge.
        draws = generator_for(0, Purpose.EVALUATION_RESAMPLING, 2)
        judge, replicates = fit_judge(*fitted), fit_replicates(*fitted, draws)
        return _Verdicts(
            judge.classify(self.seen.features),
            judge.classify(self.real.held_out),
            np.stack([replicate.classify(self.seen.features) for replicate in replicates]),
        )

    def accuracy(self, labels: _Labels, verdicts: _Verdicts) -> dict[str, Figure]:
        """Compute how often the judge sees the requested label, and how often it is right on real paintings."""
        asked, known = np.flatnonzero(labels.asked != UNLABELLED), labels.held_out != UNLABELLED
        if not len(asked) or not known.any():
            return {}
        figure = self.judged_share(labels, verdicts, asked)
        real_hits = (verdicts.of_held_out == labels.held_out)[known]
        figure = dataclasses.replace(figure, real=float(real_hits.mean()), real_samples=len(real_hits))
        return {f"asked_{labels.kind}_accuracy": figure}

    def judged_share(self, labels: _Labels, verdicts: _Verdicts, places: Int[np.ndarray, "p"]) -> Figure:
        """Compute the share of the pictures at `places` in which the judge sees the requested label.

        The interval covers both other pictures and a judge fitted on other paintings.
        """
        hits = verdicts.of_seen[places] == labels.asked[places]
        by_replicate = (verdicts.of_seen_by_replicates[:, places] == labels.asked[places]).mean(axis=1)
        figure = self.mean(hits, len(places))
        interval = widened(Interval(figure.low, figure.high), figure.value, jackknife_deviation(by_replicate))
        return dataclasses.replace(figure, low=interval.low, high=interval.high)

    def critic(self, labels: _Labels) -> dict[str, Figure]:
        """Compute the critic's accuracy on held-out paintings and on generated pictures."""
        figures: dict[str, Figure] = {}
        if len(labels.names) < 2:
            # With one label the critic cannot be wrong.
            return figures
        for key, opinions, truth in (
            (f"critic_{labels.kind}_accuracy", self.seen.opinions_of_held_out, labels.held_out),
            (f"critic_{labels.kind}_of_generated", self.seen.opinions, labels.asked),
        ):
            logits = None if opinions is None else opinions.logits(labels.kind)
            labelled = truth != UNLABELLED
            if logits is not None and labelled.any():
                hits = (logits.argmax(axis=1) == truth)[labelled]
                figures[key] = self.mean(hits, int(labelled.sum()))
        return figures

    def responses(self) -> dict[str, Figure]:
        """Compute the effect of labels on pictures of the same noise, and how well stage II keeps the composition."""
        figures: dict[str, Figure] = {}
        for kind, response in self.seen.responses.items():
            figures[f"{kind}_response"] = self.mean(response.per_seed(), response.features[:, :, 0].size)
        if "style" in self.seen.responses:
            kept = self.seen.responses["style"].composition
            figures["composition_kept"] = self.mean(kept.mean(axis=1), kept.size)
        return figures

    def novelty(self) -> tuple[Novelty, Figure]:
        """Find the nearest training painting of each generated picture and of each held-out painting."""
        generated = nearest(self.seen.features, self.seen.mirrored, self.real.train)
        held_out = nearest(self.real.held_out, self.real.held_out_mirrored, self.real.train)
        closest = np.argsort(generated.distances)[:SHOWN_COPIES]
        rows = self.train.rows.cpu().numpy()[generated.places]
        novelty = Novelty(
            threshold=float(np.quantile(held_out.distances, COPY_QUANTILE)),
            generated=tuple(generated.distances.tolist()),
            held_out=tuple(held_out.distances.tolist()),
            nearest=tuple(
                Copy(place=int(place), row=int(rows[place]), distance=float(generated.distances[place]))
                for place in closest
            ),
        )
        return novelty, self.mean(copies(generated, held_out), len(self.subject), copies(held_out, held_out))

    def curated(self, order: Int[np.ndarray, "n"], judged: dict[str, _Verdicts]) -> dict[str, Figure]:
        """Compare the critic's favourites with the other pictures: if they are no better, its ranking does not help."""
        requests = self.subject.requests
        kept = favourites(order, requests)
        # Each means something only beside the other.
        both = {"curated": kept, "others": passed_over(kept, requests)}
        figures: dict[str, Figure] = {}
        if min(map(len, both.values())) > 2 * NEIGHBOURS:
            for name, places in both.items():
                figures[f"kid_of_{name}"] = self.class_kid(self.real.held_out, self.seen.features[places])
        for labels in self.labels():
            asked = {name: places[labels.asked[places] != UNLABELLED] for name, places in both.items()}
            if labels.kind in judged and min(map(len, asked.values())):
                for name, places in asked.items():
                    share = self.judged_share(labels, judged[labels.kind], places)
                    figures[f"asked_{labels.kind}_accuracy_of_{name}"] = share
        return figures

    def kid_by_class(
        self, names: Sequence[str], asked: Int[np.ndarray, "n"], held_out_labels: Int[np.ndarray, "m"]
    ) -> dict[str, Figure | None]:
        """Compute KID of each class against its held-out paintings, if there are enough of both."""
        found: dict[str, Figure | None] = {}
        if (asked == UNLABELLED).all():
            return found
        for place, name in enumerate(names):
            real, generated = self.real.held_out[held_out_labels == place], self.seen.features[asked == place]
            enough = min(len(real), len(generated)) >= CLASS_MINIMUM
            found[name] = self.class_kid(real, generated) if enough else None
        return found

    def class_kid(self, real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"]) -> Figure:
        """Compute KID of a part of the pictures, without subsets: they would be too small."""
        value = kid_of_all(real, generated)
        interval = kid_interval(value, real, generated, self.random)
        return Figure(value=value, low=interval.low, high=interval.high, samples=len(generated))

    def mean(
        self,
        values: np.ndarray,
        samples: int,
        real: np.ndarray | None = None,
    ) -> Figure:
        """Return the mean of `values` with its interval, and the mean of `real`."""
        values = np.asarray(values, dtype=np.float64)
        interval = interval_of_mean(values, self.random)
        if real is None:
            return Figure(value=float(values.mean()), low=interval.low, high=interval.high, samples=samples)
        return Figure(
            value=float(values.mean()), low=interval.low, high=interval.high, samples=samples,
            real=float(np.mean(real)), real_samples=len(real),
        )  # fmt: skip


def deviations_of_reach(
    real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"], random: np.random.Generator
) -> dict[str, float]:
    """Return the standard deviations of recall and coverage over other sets of generated pictures, by a jackknife.

    Both are means over real paintings. The interval of that mean is too narrow: one generated picture can change the
    values of many paintings.
    """
    parts = random.permutation(len(generated)) % REACH_PARTS
    without = [manifolds(real, generated[parts != part]) for part in range(REACH_PARTS)]
    return {
        name: jackknife_deviation(np.array([getattr(found, name).mean() for found in without]))
        for name in ("recall", "coverage")
    }


def distances_within(
    features: Float[np.ndarray, "n f"], labels: Int[np.ndarray, "n"], random: np.random.Generator
) -> Float[np.ndarray, "p"]:
    """Return distances of random pairs with equal labels. Each picture is in one pair, so pairs are independent."""
    distances = [np.zeros(0)]
    for label in sorted(set(labels.tolist()) - {UNLABELLED}):
        members = random.permutation(np.flatnonzero(labels == label))
        half = len(members) // 2
        distances.append(np.linalg.norm(features[members[:half]] - features[members[half : 2 * half]], axis=1))
    return np.concatenate(distances).astype(np.float64)


def _rows(table: Int[np.ndarray, "k k"]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in table.tolist())
