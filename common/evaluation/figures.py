"""Every figure of a report in one place: its title, unit and direction, what it means, and how it is computed.

A function under `@figure` takes the `Observations` of a subject and returns the figure, or None if it cannot be
measured. Its docstring explains the figure to a reader. Reports, comparisons and model cards show whatever stands here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int

from common.config import settings
from common.curation import Opinions
from common.data.dataset import UNLABELLED, HeldOut
from common.evaluation import distances
from common.evaluation.distances import NEIGHBOURS
from common.evaluation.features import Features
from common.evaluation.observations import Observations, Sight

Better = Literal["low", "high", "neither"]
Unit = Literal["plain", "percent", "thousandths"]
TRAINING, HELD_OUT = "real training paintings", "real {split} paintings"
VARIANTS = {
    "part": {"curated": "critic's top 5 %", "others": "the rest"},
    "kind": {"genre": "genre", "style": "style"},
}
"""What a figure can be computed for, and its words: parts of the pictures by the critic's ranking, kinds of label."""
BY_DEFINITION, LABELLED = f"{HELD_OUT}, by definition", f"{HELD_OUT}, with their own labels"


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


Compute = Callable[..., Figure | None]
"""Takes observations, and a part or kind if the figure has variants; returns None if it cannot be measured."""


@dataclass(frozen=True)
class Spec:
    """How one figure is computed, shown and explained."""

    key: str
    title: str
    better: Better
    unit: Unit
    sentence: str
    """What the figure means."""
    compute: Compute
    real: str = "real paintings"
    """Which real paintings were measured instead of generated pictures for `Figure.real`."""
    kind: str | None = None
    """`genre` or `style` if the figure needs at least two labels of that kind."""
    leads: bool = False
    """True for the figures that a reader needs first."""

    def number(self, value: float) -> str:
        """Return the value as text, rounded for its unit."""
        if self.unit == "percent":
            return f"{100 * value:.1f} %"
        value = 1000 * value if self.unit == "thousandths" else value
        return f"{value:.1f}" if abs(value) >= 10 or self.unit == "thousandths" else f"{value:.2f}"

    def interval(self, figure: Figure) -> str:
        """Return the 95 % interval as text."""
        return f"{self.number(figure.low)} to {self.number(figure.high)}"

    def mark(self, figure: Figure) -> str:
        """Return the score of real paintings and, in brackets, their number; an empty text if there is none."""
        return "" if figure.real is None else f"{self.number(figure.real)} ({figure.real_samples})"

    def stands_out(self, figure: Figure | None, figures: Sequence[Figure | None]) -> bool:
        """Return True if the figure is better than all others, and its interval overlaps none of theirs."""
        others = [other for other in figures if other is not None and other is not figure]
        if figure is None or not others or self.better == "neither":
            return False
        if self.better == "low":
            return all(figure.high < other.low for other in others)
        return all(figure.low > other.high for other in others)


FIGURES: list[Spec] = []
"""In the order in which they are computed."""


def specs(split: HeldOut) -> dict[str, Spec]:
    """Return the figures measured on `split` by their keys, in the order in which they are shown."""
    worded = {}
    for spec in sorted(FIGURES, key=lambda spec: not spec.leads):
        texts = {name: getattr(spec, name).format(split=split) for name in ("title", "sentence", "real")}
        worded[spec.key] = replace(spec, **texts)
    return worded


def figure(key: str, title: str, better: Better, unit: Unit = "plain", **more: Any) -> Callable[[Compute], Compute]:
    """Add a function to FIGURES, with the fields of `Spec`: once for each of the VARIANTS that its key names."""

    def add(function: Compute) -> Compute:
        names = [name for name in VARIANTS if f"{{{name}}}" in key]
        for values in itertools.product(*(VARIANTS[name] for name in names)):
            options = dict(zip(names, values, strict=True))
            words = {name: VARIANTS[name][value] for name, value in options.items()} | {"split": "{split}"}
            sentence = " ".join((function.__doc__ or "").format(**words).split())
            fields = more | ({"kind": options["kind"]} if "kind" in options else {})
            compute = partial(function, **options)
            FIGURES.append(
                Spec(key.format(**options), title.format(**words), better, unit, sentence, compute, **fields)
            )
        return function

    return add


@figure("kid", "KID × 10³, {split} split", "low", "thousandths", real=TRAINING, leads=True)
def _kid(seen: Observations) -> Figure:
    """Distance to paintings that were not used for training; 0 is the best. It does not depend on the number of
    samples."""
    return _kid_by(seen)


@figure("kid_by_ruler", "KID × 10³ by the second ruler", "low", "thousandths", real=TRAINING, leads=True)
def _kid_by_ruler(seen: Observations) -> Figure | None:
    """The same distance by a classifier of genre and style, trained from nothing on the training paintings. Other
    feature networks know the photographs that may have taught the critic; this one does not. Its scale is its own."""
    return None if seen.by_ruler is None else _kid_by(seen.by_ruler)


def _kid_by(sight: Sight) -> Figure:
    held_out, features = sight.features_of_held_out, sight.features
    stand_in = sight.features_of_train[: len(features)]
    value = distances.kid(held_out, features, seed=sight.seed)
    interval = distances.kid_interval(value, held_out, features, sight.random)
    ideal = distances.kid(held_out, stand_in, seed=sight.seed)
    return _figure(value, interval, len(features), (ideal, len(stand_in)))


@figure("fid", "FID, {split} split", "low", real=TRAINING, leads=True)
def _fid(seen: Observations) -> Figure:
    """The most widely used distance, to the same paintings. It falls as the number of samples grows: compare only
    equal numbers."""
    return _fid_to(seen, seen.features_of_held_out, seen.features_of_train)


@figure("fid_train", "FID, training split", "low", real=HELD_OUT)
def _fid_train(seen: Observations) -> Figure:
    """Distance to the training paintings, as most papers report it. A model that copies its training data scores
    well. The score of real paintings is computed on equally many {split} paintings."""
    return _fid_to(seen, seen.features_of_train, seen.features_of_held_out)


def _fid_to(seen: Observations, real: Features, stand_in: Features) -> Figure:
    # On equal numbers of generated pictures and of the paintings that stand in for them.
    count = min(len(seen.subject), len(stand_in))
    features = seen.features[seen.random.permutation(len(seen.subject))[:count]]
    value = distances.fid(real, features)
    replicate = distances.fast_fid(real, features)
    interval = distances.interval_around(value, replicate, count, seen.random, distances.FID_REPLICATES)
    ideal = distances.fid(real, stand_in[seen.random.permutation(len(stand_in))[:count]])
    return _figure(value, interval, count, (ideal, count))


@figure("precision", "Precision", "neither", "percent", real=TRAINING)
def _precision(seen: Observations) -> Figure:
    """Share of generated pictures that lie within the neighbourhood of a real painting. A few outlying paintings
    have very wide neighbourhoods, and even blurred pictures lie in them: do not read it alone."""
    return _manifold(seen, "precision")


@figure("density", "Density", "neither", real=TRAINING)
def _density(seen: Observations) -> Figure:
    """Number of such neighbourhoods that a picture lies in, divided by 5. It has the same weakness."""
    return _manifold(seen, "density")


@figure("recall", "Recall", "high", "percent", real=TRAINING)
def _recall(seen: Observations) -> Figure:
    """Share of {split} paintings that lie within the neighbourhood of a generated picture. It is low if variety is
    missing."""
    return _manifold(seen, "recall", of_paintings=True)


@figure("coverage", "Coverage", "high", "percent", real=TRAINING, leads=True)
def _coverage(seen: Observations) -> Figure:
    """Share of {split} paintings that have a generated picture within the distance of their 5th nearest neighbour.
    Blurred or repetitive pictures score low."""
    return _manifold(seen, "coverage", of_paintings=True)


@figure("recall_by_ruler", "Recall by the second ruler", "high", "percent", real=TRAINING)
def _recall_by_ruler(seen: Observations) -> Figure | None:
    """The same share by the classifier that was trained on the training paintings alone."""
    return None if seen.by_ruler is None else _manifold(seen.by_ruler, "recall", of_paintings=True)


@figure("coverage_by_ruler", "Coverage by the second ruler", "high", "percent", real=TRAINING)
def _coverage_by_ruler(seen: Observations) -> Figure | None:
    """The same share by the classifier that was trained on the training paintings alone."""
    return None if seen.by_ruler is None else _manifold(seen.by_ruler, "coverage", of_paintings=True)


def _manifold(seen: Sight, name: str, *, of_paintings: bool = False) -> Figure:
    values, ideal = (found[name] for found in seen.manifolds)
    shown = _mean(seen, values, len(values), ideal)
    if not of_paintings:
        return shown
    # One picture can change the values of many paintings: it takes a jackknife over pictures.
    deviation = distances.jackknife_deviation(np.array([found[name].mean() for found in seen.jackknifed_manifolds]))
    low, high = distances.widened((shown.low, shown.high), shown.value, deviation, independent=False)
    return replace(shown, low=low, high=high)


@figure("diversity", "Variety within a genre", "high", real=BY_DEFINITION, kind="genre")
def _diversity(seen: Observations) -> Figure | None:
    """Distance between two pictures of the same genre, as a multiple of the same distance for {split} paintings.
    Near 0 all pictures of a genre look alike."""
    own = distances_within(seen.features, seen.labels["genre"].asked, seen.random)
    theirs = distances_within(seen.features_of_held_out, seen.labels["genre"].held_out, seen.random)
    if not len(own) or not len(theirs):
        return None
    shown = _mean(seen, own / theirs.mean(), 2 * len(own))
    return replace(shown, real=1.0, real_samples=2 * len(theirs))


@figure("spectrum", "Spectrum error, dB", "low", real=TRAINING)
def _spectrum(seen: Observations) -> Figure:
    """Difference between the power spectra of generated pictures and of {split} paintings, averaged over
    frequencies. Blur lacks fine detail, noise has too much of it, a grid has a peak: the power spectrum shows which."""
    held_out, stand_in = seen.spectra_of_held_out, seen.spectra_of_stand_in
    own = seen.spectra[seen.random.permutation(len(seen.subject))[: len(stand_in)]]
    value = spectral_distance(own, held_out)
    interval = distances.interval_around(
        value, lambda counts: spectral_distance(np.repeat(own, counts, axis=0), held_out), len(own), seen.random
    )
    above_0 = max(interval[0], 0.0), interval[1]
    return _figure(value, above_0, len(own), (spectral_distance(stand_in, held_out), len(stand_in)))


@figure("asked_{kind}_accuracy", "Asked {kind} recognised", "high", "percent", real=LABELLED, leads=True)
def _asked_accuracy(seen: Observations, kind: str) -> Figure | None:
    """How often the judge recognises the {kind} that was asked for. The judge is a linear classifier, fitted on
    real training paintings only."""
    labels = seen.labels[kind]
    asked, known = np.flatnonzero(labels.asked != UNLABELLED), labels.held_out != UNLABELLED
    if kind not in seen.verdicts or not len(asked) or not known.any():
        return None
    real_hits = (seen.verdicts[kind].of_held_out == labels.held_out)[known]
    return replace(_judged(seen, kind, asked), real=float(real_hits.mean()), real_samples=len(real_hits))


def _judged(seen: Observations, kind: str, places: Int[np.ndarray, "p"]) -> Figure:
    """Return how often the judge sees the requested label. Covers other pictures, and judges of other paintings."""
    labels, verdicts = seen.labels[kind], seen.verdicts[kind]
    hits = verdicts.of_seen[places] == labels.asked[places]
    by_replicate = (verdicts.of_seen_by_replicates[:, places] == labels.asked[places]).mean(axis=1)
    shown, deviation = _mean(seen, hits, len(places)), distances.jackknife_deviation(by_replicate)
    low, high = distances.widened((shown.low, shown.high), shown.value, deviation, independent=True)
    return replace(shown, low=low, high=high)


@figure("near_copies", "Close to a training painting", "low", "percent", real=BY_DEFINITION, leads=True)
def _near_copies(seen: Observations) -> Figure:
    """Share of pictures that are closer to a training painting than 99 % of {split} paintings are. Without copying
    it is about that of real paintings: 1 %, or one in all if they are fewer than 100. More means copies, or blurred
    pictures near a blurred painting: the nearest training paintings show which."""
    generated, held_out = (away[:, 0] < seen.copy_threshold for away, _ in seen.nearest)
    return _mean(seen, generated, len(generated), held_out)


@figure("{kind}_response", "Effect of the {kind}", "neither")
def _response(seen: Observations, kind: str) -> Figure | None:
    """How much a picture changes with the {kind} while all else stays the same (the noise, and for styles the
    picture of stage I): 0 is not at all, 1 is as much as with other noise."""
    if kind not in seen.responses:
        return None
    effect, kept = seen.responses[kind]
    return _mean(seen, effect, kept.size)


@figure("composition_kept", "Composition kept by stage II", "high", kind="style")
def _composition_kept(seen: Observations) -> Figure | None:
    """Correlation between the pictures of stage II and stage I, both reduced to 16 × 16 pixels."""
    if "style" not in seen.responses:
        return None
    _, kept = seen.responses["style"]
    return _mean(seen, kept.mean(axis=1), kept.size)


@figure("critic_{kind}_accuracy", "Critic's {kind} accuracy, {split} split", "high", "percent")
def _critic_accuracy(seen: Observations, kind: str) -> Figure | None:
    """How often the critic names the right {kind} of a {split} painting. GANGogh's “> 90 %” of genres was measured
    on its own training paintings. Tan et al. (2016) reach 74.14 % on 10 genres of WikiArt, with a network
    pretrained on ImageNet and with more and larger paintings."""
    return _critic_right(seen, seen.opinions_of_held_out, kind, seen.labels[kind].held_out)


@figure("critic_{kind}_of_generated", "Critic's {kind} accuracy, generated", "neither", "percent")
def _critic_of_generated(seen: Observations, kind: str) -> Figure | None:
    """How often the critic sees the {kind} that was asked for in a generated picture. The generator was trained
    against this critic, so this is not an independent measure."""
    return _critic_right(seen, seen.opinions, kind, seen.labels[kind].asked)


def _critic_right(
    seen: Observations, opinions: Opinions | None, kind: str, truth: Int[np.ndarray, "n"]
) -> Figure | None:
    logits = None if opinions is None else opinions.logits(kind)
    labelled = truth != UNLABELLED
    # With one label the critic cannot be wrong.
    if logits is None or not labelled.any() or len(seen.labels[kind].names) < 2:
        return None
    return _mean(seen, (logits.argmax(axis=1) == truth)[labelled], int(labelled.sum()))


@figure("kid_of_{part}", "KID × 10³, {part}", "low", "thousandths")
def _kid_of(seen: Observations, part: str) -> Figure | None:
    """KID of a part of the pictures: of those that the critic ranks highest, the top 5 % for each pair of genre and
    style, or of the rest of these pairs. If it is no lower for the top 5 %, the ranking does not help."""
    # Each part means something only beside the other.
    if min(map(len, seen.curated.values()), default=0) <= 2 * NEIGHBOURS:
        return None
    return kid_of_part(seen, seen.features_of_held_out, seen.features[seen.curated[part]])


@figure("asked_{kind}_accuracy_of_{part}", "Asked {kind} recognised, {part}", "high", "percent")
def _asked_of(seen: Observations, kind: str, part: str) -> Figure | None:
    """By the judge, in the same two parts of the pictures."""
    asked = {name: places[seen.labels[kind].asked[places] != UNLABELLED] for name, places in seen.curated.items()}
    if kind not in seen.verdicts or not min(map(len, asked.values()), default=0):
        return None
    return _judged(seen, kind, asked[part])


def kid_of_part(seen: Observations, real: Features, generated: Features) -> Figure:
    """Return KID of a part of the pictures, without subsets: they would be too small."""
    value = distances.kid_of_all(real, generated)
    return _figure(value, distances.kid_interval(value, real, generated, seen.random), len(generated))


def _mean(seen: Sight, values: np.ndarray, samples: int, real: np.ndarray | None = None) -> Figure:
    """Return the mean of `values` with its interval; of `real`, the score of real paintings."""
    values = np.asarray(values, dtype=np.float64)
    score = None if real is None else (float(np.mean(real)), len(real))
    return _figure(float(values.mean()), distances.interval_of_mean(values, seen.random), samples, score)


def _figure(value: float, interval: distances.Interval, samples: int, real: tuple[float, int] | None = None) -> Figure:
    score, count = real or (None, None)
    return Figure(value=value, low=interval[0], high=interval[1], samples=samples, real=score, real_samples=count)


def spectral_distance(first: Float[np.ndarray, "n r"], second: Float[np.ndarray, "m r"]) -> float:
    """Return the mean difference in decibels, over frequencies, between the mean spectra of two sets."""
    return float(np.abs(first.mean(axis=0) - second.mean(axis=0)).mean())


def distances_within(
    features: Features, labels: Int[np.ndarray, "n"], random: np.random.Generator
) -> Float[np.ndarray, "p"]:
    """Return distances of random pairs with equal labels. Each picture is in one pair, so pairs are independent."""
    found = [np.zeros(0)]
    for label in sorted(set(labels.tolist()) - {UNLABELLED}):
        members = random.permutation(np.flatnonzero(labels == label))
        half = len(members) // 2
        found.append(np.linalg.norm(features[members[:half]] - features[members[half : 2 * half]], axis=1))
    return np.concatenate(found).astype(np.float64)
