"""A subject and a dataset in, every figure of the report out (`common.evaluation.report` writes it).

Pictures are looked at once, by all processes together; the figures are worked out of their features by the main one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from einops import rearrange
from jaxtyping import Float, Int
from tqdm import tqdm

from common.curation import Opinions, rank
from common.data.dataset import UNLABELLED, PaintingDataset, Split
from common.errors import UserError
from common.evaluation.bootstrap import interval_of_mean
from common.evaluation.distances import FidInterval, fid, kid, kid_interval, kid_of_all
from common.evaluation.features import FeatureNetwork
from common.evaluation.judge import confusion, fit_judge
from common.evaluation.measurements import Confusion, Copy, Figure, Measurements, Novelty
from common.evaluation.neighbours import COPY_QUANTILE, NEIGHBOURS, copies, manifolds, nearest
from common.evaluation.references import BATCH, Progress, References, reference_features
from common.evaluation.responses import SEEDS, Response, answered_labels, label_response
from common.evaluation.shares import Share
from common.evaluation.subjects import Subject, simplex
from common.randomness import Purpose, generator_for

CURATED_SHARE = 0.05
CLASS_MINIMUM = 100
"""Real paintings, and generated pictures, below which a class of its own has no figure."""
SHOWN_COPIES = 12


def measure(
    subject: Subject,
    dataset: PaintingDataset,
    network: FeatureNetwork,
    share: Share,
    *,
    training_limit: int | None = None,
) -> Measurements | None:
    """Measure a subject; `training_limit` takes that many training paintings instead of all, to be quicker.

    Collective: the processes divide the pictures; the main one gets the measurements, the others None. Raises
    UserError where there are too few pictures or paintings.
    """
    train, test = (dataset.split(name, subject.resolution) for name in ("train", "test"))
    drawn = generator_for(0, Purpose.EVALUATION_RESAMPLING).permutation(len(train))[:training_limit]
    if min(len(subject), len(test), len(drawn)) <= 2 * NEIGHBOURS:
        raise UserError(
            f"{len(subject)} samples, {len(test)} test and {len(drawn)} training paintings: measuring needs more than "
            f"{2 * NEIGHBOURS} of each"
        )
    labels = answered_labels(subject.painter, subject.resolution)
    total = len(drawn) + 2 * len(test) + len(subject) + SEEDS * sum(len(names) for names in labels.values())
    with tqdm(
        total=total // share.processes, unit="picture", disable=not share.is_main, dynamic_ncols=True, mininterval=1.0
    ) as progress:
        references = reference_features(dataset, subject.resolution, network, drawn, share, progress.update)
        seen = _look(subject, network, share, progress.update)
        held_out = _opinions_of_test(subject, test, share)
        answers = _responses(subject, network, share, progress.update)
    if not share.is_main:
        return None
    return _Figures(subject, dataset, train.at(drawn), test, references, seen).measurements(network, held_out, answers)


@dataclass(frozen=True)
class _Seen:
    """The subject's pictures as the feature network and, where there is one, the critic see them."""

    features: Float[np.ndarray, "n f"]
    mirrored: Float[np.ndarray, "n f"]
    opinions: Opinions | None


def _look(subject: Subject, network: FeatureNetwork, share: Share, progress: Progress) -> _Seen:
    own = share.of(len(subject))
    features = [np.zeros((0, network.num_features), dtype=np.float32)]
    mirrored, opinions = list(features), []
    for start in range(0, len(own), BATCH):
        places = own[start : start + BATCH]
        images = subject.read(places)
        features.append(network(images).cpu().numpy())
        mirrored.append(network(images.flip(3)).cpu().numpy())
        if subject.painter is not None:
            opinions.append(subject.painter.opinions(images, *subject.conditions(places)))
        progress(len(places))
    return _Seen(
        share.gather(np.concatenate(features)), share.gather(np.concatenate(mirrored)), _gathered(opinions, share)
    )


def _opinions_of_test(subject: Subject, test: Split, share: Share) -> Opinions | None:
    """The critic on held-out paintings, as paintings of their own labels."""
    painter = subject.painter
    if painter is None:
        return None
    own = share.of(len(test))
    opinions = []
    for start in range(0, len(own), BATCH):
        places = np.asarray(own[start : start + BATCH])
        images = rearrange(test.pictures(places), "b h w c -> b c h w")
        conditions = (
            simplex(labels[places], names)
            for labels, names in ((test.genres, painter.vocabulary.genres), (test.styles, painter.vocabulary.styles))
        )
        opinions.append(painter.opinions(images, *conditions))
    return _gathered(opinions, share)


def _gathered(opinions: Sequence[Opinions | None], share: Share) -> Opinions | None:
    known = [opinion for opinion in opinions if opinion is not None]
    whole = Opinions.joined(known) if known else None
    parts = share.gather(np.array([whole], dtype=object))
    known = [part for part in parts if part is not None]
    return Opinions.joined(known) if known else None


def _responses(subject: Subject, network: FeatureNetwork, share: Share, progress: Progress) -> dict[str, Response]:
    return {
        kind: label_response(subject.painter, kind, subject.resolution, network, subject.seed, share, progress)
        for kind in answered_labels(subject.painter, subject.resolution)
        if subject.painter is not None
    }


class _Figures:
    """The figures of a subject, out of features."""

    def __init__(
        self,
        subject: Subject,
        dataset: PaintingDataset,
        train: Split,
        test: Split,
        references: References,
        seen: _Seen,
    ) -> None:
        self.subject = subject
        self.dataset = dataset
        self.train, self.test = train, test
        self.real, self.seen = references, seen
        self.random = generator_for(subject.seed, Purpose.EVALUATION_RESAMPLING)

    def measurements(
        self, network: FeatureNetwork, held_out: Opinions | None, answers: dict[str, Response]
    ) -> Measurements:
        figures = self.distances() | self.varieties()
        confusions: dict[str, Confusion] = {}
        judged: dict[str, Int[np.ndarray, "n"]] = {}
        for kind, names, asked, train_labels, test_labels in self.labels():
            if len(set(train_labels[train_labels != UNLABELLED])) < 2:
                continue
            judge = fit_judge(self.real.train, train_labels, len(names), self.random)
            judged[kind] = judge.classify(self.seen.features)
            truth = judge.classify(self.real.test)
            confusions[kind] = Confusion(
                names=names,
                generated=_rows(confusion(asked, judged[kind], len(names))),
                real=_rows(confusion(test_labels, truth, len(names))),
            )
            if (asked != UNLABELLED).any() and (test_labels != UNLABELLED).any():
                figures[f"asked_{kind}_accuracy"] = self.accuracy(asked, judged[kind], test_labels, truth)
            if held_out is not None:
                figures |= self.critic(kind, asked, test_labels, held_out)
        figures |= self.responses(answers)
        novelty, copied = self.novelty()
        figures["near_copies"] = copied
        ranking: tuple[int, ...] = ()
        if self.seen.opinions is not None:
            order = rank(self.seen.opinions, self.subject.genres, self.subject.styles)
            ranking = tuple(order.tolist())
            figures |= self.curated(order, judged)
        return Measurements(
            version=1,
            name=self.subject.name,
            resolution=self.subject.resolution,
            origin=self.subject.origin,
            samples=len(self.subject),
            seed=self.subject.seed,
            dataset=self.dataset.description.source,
            train=len(self.train),
            test=len(self.test),
            resize_filter=self.dataset.description.resize_filter,
            features=network.name,
            features_description=network.description,
            figures=figures,
            kid_by_genre=self.kid_by_class(
                tuple(self.dataset.vocabulary.genres), self.subject.genres, self.test.genres
            ),
            kid_by_style=self.kid_by_class(
                tuple(self.dataset.vocabulary.styles), self.subject.styles, self.test.styles
            ),
            confusions=confusions,
            novelty=novelty,
            ranking=ranking,
        )

    def labels(
        self,
    ) -> list[tuple[str, tuple[str, ...], Int[np.ndarray, "n"], Int[np.ndarray, "t"], Int[np.ndarray, "m"]]]:
        """Of genre and of style: names, what was asked, and the labels of training and of test paintings."""
        vocabulary = self.dataset.vocabulary
        return [
            ("genre", tuple(vocabulary.genres), self.subject.genres, self.train.genres, self.test.genres),
            ("style", tuple(vocabulary.styles), self.subject.styles, self.train.styles, self.test.styles),
        ]

    def distances(self) -> dict[str, Figure]:
        """FID against both splits, KID against the test split."""
        features, count = self.seen.features, len(self.subject)
        equal = self.random.permutation(len(self.train))[: min(count, len(self.train))]
        value = kid(self.real.test, features, seed=self.subject.seed).value
        interval = kid_interval(value, self.real.test, features, self.random)
        found = {
            "kid_test": Figure(
                value=value, low=interval.low, high=interval.high, samples=count,
                real=kid(self.real.test, self.real.train[equal], seed=self.subject.seed).value, real_samples=len(equal),
            ),
        }  # fmt: skip
        for name, real, stand_in in (
            ("fid_test", self.real.test, self.real.train[equal]),
            ("fid_train", self.real.train, self.real.test),
        ):
            value = fid(real, features)
            interval = FidInterval(real).around(value, features, self.random)
            found[name] = Figure(
                value=value, low=interval.low, high=interval.high, samples=count,
                real=fid(real, stand_in), real_samples=len(stand_in),
            )  # fmt: skip
        return found

    def varieties(self) -> dict[str, Figure]:
        """Precision, recall, density and coverage at as many of each kind, and diversity at fixed labels."""
        count = min(len(self.subject), len(self.test), len(self.train))
        places = [self.random.permutation(length)[:count] for length in (len(self.test), len(self.subject))]
        real, generated = self.real.test[places[0]], self.seen.features[places[1]]
        stand_in = self.real.train[self.random.permutation(len(self.train))[:count]]
        found, ideal = manifolds(real, generated), manifolds(real, stand_in)
        figures = {
            name: self.mean(getattr(found, name), count, getattr(ideal, name))
            for name in ("recall", "coverage", "precision", "density")
        }
        if (self.subject.genres != UNLABELLED).any():
            own, theirs = (
                distances_within(features, labels, self.random)
                for features, labels in (
                    (self.seen.features, self.subject.genres),
                    (self.real.test, self.test.genres),
                )
            )
            if len(own) and len(theirs):
                figures["diversity"] = self.mean(own / theirs.mean(), len(self.subject), theirs / theirs.mean())
        return figures

    def accuracy(
        self,
        asked: Int[np.ndarray, "n"],
        judged: Int[np.ndarray, "n"],
        test_labels: Int[np.ndarray, "m"],
        truth: Int[np.ndarray, "m"],
    ) -> Figure:
        """How often the judge sees what was asked, and how often it knows a real painting."""
        labelled, known = asked != UNLABELLED, test_labels != UNLABELLED
        return self.mean(
            (judged == asked)[labelled], int(labelled.sum()), (truth == test_labels)[known], int(known.sum())
        )

    def critic(
        self, kind: str, asked: Int[np.ndarray, "n"], test_labels: Int[np.ndarray, "m"], held_out: Opinions
    ) -> dict[str, Figure]:
        """The critic as a classifier of held-out paintings, and what it, a party, says of the generated ones."""
        logits = held_out.logits(kind)
        if logits is None:
            return {}
        figures: dict[str, Figure] = {}
        known = test_labels != UNLABELLED
        if known.any():
            hits = (logits.argmax(axis=1) == test_labels)[known]
            figures[f"critic_{kind}_accuracy"] = self.mean(hits, int(known.sum()))
        own = self.seen.opinions.logits(kind) if self.seen.opinions is not None else None
        labelled = asked != UNLABELLED
        if own is not None and labelled.any():
            hits = (own.argmax(axis=1) == asked)[labelled]
            figures[f"critic_{kind}_of_generated"] = self.mean(hits, int(labelled.sum()))
        return figures

    def responses(self, answers: dict[str, Response]) -> dict[str, Figure]:
        """How far labels part pictures of one noise, and how far stage II keeps stage I's composition."""
        figures: dict[str, Figure] = {}
        for kind, response in answers.items():
            figures[f"{kind}_response"] = self.mean(response.per_seed(), response.features[:, :, 0].size)
        if "style" in answers:
            kept = answers["style"].composition
            figures["composition_kept"] = self.mean(kept.mean(axis=1), kept.size)
        return figures

    def novelty(self) -> tuple[Novelty, Figure]:
        """The nearest training painting of each generated and each test painting."""
        generated = nearest(self.seen.features, self.seen.mirrored, self.real.train)
        test = nearest(self.real.test, self.real.test_mirrored, self.real.train)
        closest = np.argsort(generated.distances)[:SHOWN_COPIES]
        rows = self.train.rows.cpu().numpy()[generated.places]
        novelty = Novelty(
            threshold=float(np.quantile(test.distances, COPY_QUANTILE)),
            generated=tuple(generated.distances.tolist()),
            test=tuple(test.distances.tolist()),
            nearest=tuple(
                Copy(place=int(place), row=int(rows[place]), distance=float(generated.distances[place]))
                for place in closest
            ),
        )
        return novelty, self.mean(copies(generated, test), len(self.subject), copies(test, test))

    def curated(self, order: Int[np.ndarray, "n"], judged: dict[str, Int[np.ndarray, "n"]]) -> dict[str, Figure]:
        """The pictures that the critic would keep beside the others: its score is one if they are better."""
        count = max(round(CURATED_SHARE * len(order)), 1)
        figures: dict[str, Figure] = {}
        for name, places in (("curated", order[:count]), ("others", order[count:])):
            if len(places) > 2 * NEIGHBOURS:
                figures[f"kid_of_{name}"] = self.class_kid(self.real.test, self.seen.features[places])
            labelled = places[self.subject.genres[places] != UNLABELLED]
            if "genre" in judged and len(labelled):
                hits = judged["genre"][labelled] == self.subject.genres[labelled]
                figures[f"asked_genre_accuracy_of_{name}"] = self.mean(hits, len(labelled))
        return figures

    def kid_by_class(
        self, names: Sequence[str], asked: Int[np.ndarray, "n"], test_labels: Int[np.ndarray, "m"]
    ) -> dict[str, Figure | None]:
        """KID of each class against its test paintings, where there are enough of both."""
        found: dict[str, Figure | None] = {}
        for place, name in enumerate(names):
            real, generated = self.real.test[test_labels == place], self.seen.features[asked == place]
            enough = min(len(real), len(generated)) >= CLASS_MINIMUM
            found[name] = self.class_kid(real, generated) if enough else None
        return found

    def class_kid(self, real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"]) -> Figure:
        """KID of a part, of all its pictures at once: subsets of so few would scatter."""
        value = kid_of_all(real, generated)
        interval = kid_interval(value, real, generated, self.random)
        return Figure(value=value, low=interval.low, high=interval.high, samples=len(generated))

    def mean(
        self,
        values: np.ndarray,
        samples: int,
        real: np.ndarray | None = None,
        real_samples: int | None = None,
    ) -> Figure:
        """A mean over pictures with its interval."""
        values = np.asarray(values, dtype=np.float64)
        interval = interval_of_mean(values, self.random)
        if real is None:
            return Figure(value=float(values.mean()), low=interval.low, high=interval.high, samples=samples)
        return Figure(
            value=float(values.mean()), low=interval.low, high=interval.high, samples=samples,
            real=float(np.mean(real)), real_samples=len(real) if real_samples is None else real_samples,
        )  # fmt: skip


def distances_within(
    features: Float[np.ndarray, "n f"], labels: Int[np.ndarray, "n"], random: np.random.Generator
) -> Float[np.ndarray, "p"]:
    """Distance of each picture to another one, drawn at random, of its label; those alone have none."""
    distances = [np.zeros(0)]
    for label in sorted(set(labels.tolist()) - {UNLABELLED}):
        members = random.permutation(np.flatnonzero(labels == label))
        if len(members) > 1:
            distances.append(np.linalg.norm(features[members] - features[np.roll(members, 1)], axis=1))
    return np.concatenate(distances).astype(np.float64)


def _rows(table: Int[np.ndarray, "k k"]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in table.tolist())
