"""Look at a subject's pictures: their features, what the critic says, their power spectra, their answer to labels.

The processes share the pictures, and each one gets the results of all. `common.evaluation.figures` reads them.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch
import torch.nn.functional as F
from einops import reduce, repeat
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from common.curation import Opinions, favourites, passed_over, rank
from common.data.dataset import UNLABELLED, Split, one_hot
from common.evaluation.distances import COPY_QUANTILE, Manifolds, Nearest, jackknifed_manifolds, manifolds, nearest
from common.evaluation.features import FeatureNetwork, Features, pictures_at, split_features
from common.evaluation.subjects import SMALL, Subject, TrainedPainter, simplexes
from common.images import to_uint8
from common.randomness import Purpose, generator_for
from common.shares import Share

SEEDS = 16
"""Seeds that the effect of the labels is measured with."""
LAYOUT = 16
"""Side, in pixels, at which compositions are compared."""
DECIBEL = 10.0
DECAY_INVERSE = 1e-3
"""Inverse strength of the judge's weight decay.

On held-out paintings of WikiArt its accuracy is within 2 points of the best power of ten, fitted on 300 to 20,000
paintings. With ten times this value, the accuracy on paintings is the same, but the judge recognises a quarter fewer of
the styles of generated pictures. If it were tuned for each set of paintings, that figure would jump.
"""
JUDGE_PARTS = 4
"""Parts of the training paintings, each left out once for the judge's jackknife."""


Judge = Callable[[Features], Int[np.ndarray, "n"]]
"""Returns the most likely genre or style of each picture by its features: a linear classifier, fitted on real training
paintings only. The generator is not trained against it, unlike the critic, and its feature network never saw a
generated picture. Its accuracy on held-out paintings shows how far to trust it."""


@dataclass(frozen=True)
class Verdicts:
    """The judge's classes of n pictures and of m held-out paintings, and its replicates' of the pictures."""

    of_seen: Int[np.ndarray, "n"]
    of_held_out: Int[np.ndarray, "m"]
    of_seen_by_replicates: Int[np.ndarray, "g n"]


@dataclass(frozen=True)
class Labels:
    """One kind of label: its names, and the indices requested for the pictures and of the paintings."""

    names: tuple[str, ...]
    asked: Int[np.ndarray, "n"]
    train: Int[np.ndarray, "t"]
    held_out: Int[np.ndarray, "m"]


class Sight:
    """What one feature network sees of n pictures, of training paintings and of m held-out paintings."""

    def __init__(self, features: Features, of_train: Features, of_held_out: Features, seed: int, stream: int) -> None:
        """`seed` and `stream` choose the random draws of its figures."""
        self.features, self.features_of_train, self.features_of_held_out = features, of_train, of_held_out
        self.seed = seed
        # The draws of all intervals, one after the other: in another order of figures, intervals differ a little.
        self.random = generator_for(seed, Purpose.EVALUATION_RESAMPLING, stream)

    @cached_property
    def _equal_sets(self) -> tuple[Features, Features, Features]:
        """Features of equally many held-out paintings, generated pictures and training paintings."""
        real, generated, stand_in = self.features_of_held_out, self.features, self.features_of_train
        count = min(len(generated), len(real), len(stand_in))
        places = [self.random.permutation(len(one))[:count] for one in (real, generated)]
        return real[places[0]], generated[places[1]], stand_in[:count]

    @cached_property
    def manifolds(self) -> tuple[Manifolds, Manifolds]:
        """Held-out paintings against the pictures, and against training paintings."""
        real, generated, stand_in = self._equal_sets
        return manifolds(real, generated), manifolds(real, stand_in)

    @cached_property
    def jackknifed_manifolds(self) -> list[Manifolds]:
        """Held-out paintings against the pictures, leaving out a part of the pictures each time."""
        real, generated, _ = self._equal_sets
        return jackknifed_manifolds(real, generated, self.random)


class Observations(Sight):
    """What is computed of pictures and paintings for `figures` to read; features are by the report's network."""

    def __init__(
        self,
        subject: Subject,
        chosen: Int[np.ndarray, "t"],
        network: FeatureNetwork,
        share: Share,
        ruler: FeatureNetwork | None = None,
    ) -> None:
        """Look at all pictures of a subject, the chosen training paintings and all held-out paintings. Collective."""
        self.subject, dataset, size, painter = subject, subject.dataset, subject.resolution, subject.painter
        self.train, self.held_out = dataset.split("train", size).at(chosen), dataset.split(subject.split, size)
        networks = [network] if ruler is None else [network, ruler]
        self.spectra, self.opinions, features = _look(subject, subject.read, painter, share, *networks)
        self.features_mirrored = features[1]
        sights = []
        for stream, one in enumerate(networks):
            real = partial(split_features, dataset, size=size, network=one, share=share)
            of_train, of_held_out = real("train", chosen=chosen), real(subject.split)
            sights.append((features[2 * stream], of_train, of_held_out, subject.seed, 3 * stream))
        super().__init__(*sights[0])
        self.by_ruler = Sight(*sights[1]) if ruler is not None else None
        """The same by the second ruler."""
        real = partial(split_features, dataset, size=size, network=network, share=share)
        self.features_of_held_out_mirrored = real(subject.split, mirrored=True)
        held_out = _look(self.held_out, partial(pictures_at, self.held_out), painter, share)
        self.spectra_of_held_out, self.opinions_of_held_out, _ = held_out
        # As many training paintings as there are pictures, for the scores of real paintings.
        stand_in = self.train.at(np.arange(min(len(subject), len(self.train))))
        self.spectra_of_stand_in, *_ = _look(stand_in, partial(pictures_at, stand_in), None, share)
        kinds = answered_labels(subject)
        self.responses = {kind: _response(painter, kind, subject, network, share) for kind in kinds if painter}
        self.labels = {
            kind: Labels(names, asked, getattr(self.train, f"{kind}s"), getattr(self.held_out, f"{kind}s"))
            for kind, names, asked in subject.labels()
        }

    @cached_property
    def verdicts(self) -> dict[str, Verdicts]:
        """What the judge sees, by kind of label; only kinds of which the training paintings have two labels."""
        verdicts = {}
        for kind, labels in self.labels.items():
            if len(set(labels.train[labels.train != UNLABELLED])) > 1:
                judge = fit_judge(self.features_of_train, labels.train)
                # A random stream of its own, so that all reports on a dataset use the same judge.
                random = generator_for(0, Purpose.EVALUATION_RESAMPLING, 2)
                replicates = fit_replicates(self.features_of_train, labels.train, random)
                by_replicates = np.stack([replicate(self.features) for replicate in replicates])
                verdicts[kind] = Verdicts(judge(self.features), judge(self.features_of_held_out), by_replicates)
        return verdicts

    @cached_property
    def nearest(self) -> tuple[Nearest, Nearest]:
        """The nearest training painting of each generated picture, and of each held-out painting."""
        held_out = self.features_of_held_out, self.features_of_held_out_mirrored
        seen = self.features, self.features_mirrored
        return nearest(*seen, self.features_of_train), nearest(*held_out, self.features_of_train)

    @cached_property
    def copy_threshold(self) -> float:
        """The distance below which a picture is a near-copy: 1 % of held-out paintings are nearer, by chance."""
        return float(np.quantile(self.nearest[1][0], COPY_QUANTILE))

    @cached_property
    def ranking(self) -> Int[np.ndarray, "n"]:
        """Indices of the pictures as the critic ranks them, best first; empty without a critic."""
        if self.opinions is None:
            return np.zeros(0, dtype=np.int64)
        return rank(self.opinions, *(one_hot(labels.asked, len(labels.names)) for labels in self.labels.values()))

    @cached_property
    def curated(self) -> dict[str, Int[np.ndarray, "p"]]:
        """The critic's favourites, `curated`, and the `others` of the same requests; empty without a critic."""
        if not len(self.ranking):
            return {}
        kept = favourites(self.ranking, self.subject.requests)
        return {"curated": kept, "others": passed_over(kept, self.subject.requests)}


def _look(
    labelled: Subject | Split,
    read: Callable[[Sequence[int]], UInt8[Tensor, "b 3 size size"]],
    painter: TrainedPainter | None,
    share: Share,
    *networks: FeatureNetwork,
) -> tuple[Float[np.ndarray, "n r"], Opinions | None, list[Features]]:
    """Return spectra, opinions if the painter has a critic, and features by each network: upright and mirrored."""
    own: list[tuple[np.ndarray, ...]] = []
    opinions: list[Opinions | None] = []
    for places in share.batches(len(labelled)):
        images = read(places)
        sides = (images, images.flip(3))
        own.append((log_spectra(images), *(network(side).cpu().numpy() for network in networks for side in sides)))
        if painter is not None:
            asked = simplexes(painter.vocabulary, labelled, places)
            opinions.append(painter.opinions(images, *asked))
    spectra, *features = (np.concatenate(column) for column in zip(*share.gather(own), strict=True))
    heard = [one for one in share.gather(opinions) if one is not None]
    return spectra, Opinions.joined(heard) if heard else None, features


def fit_judge(features: Features, labels: Int[np.ndarray, "n"]) -> Judge:
    """Fit multinomial logistic regression on the labelled paintings; never predicts a class without paintings."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    labelled = labels != UNLABELLED
    features, labels = features[labelled], labels[labelled]
    if len(np.unique(labels)) == 1:
        return lambda pictures: np.full(len(pictures), labels[0])
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    model = LogisticRegression(C=DECAY_INVERSE, max_iter=200, tol=1e-3)
    # A fully converged fit would not change the figures.
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        model.fit((features - mean) / scale, labels)
    return lambda pictures: model.predict((pictures - mean) / scale)


def fit_replicates(features: Features, labels: Int[np.ndarray, "n"], random: np.random.Generator) -> list[Judge]:
    """Return the jackknife replicates of a judge, each fitted without one of JUDGE_PARTS equal parts.

    Judges fitted on other paintings agree on real paintings, but differ on generated pictures, which lie further out.
    """
    labelled = random.permutation(np.flatnonzero(labels != UNLABELLED))
    # Sorted by class, so that every replicate has the same share of each.
    labelled = labelled[np.argsort(labels[labelled], kind="stable")]
    parts = np.arange(len(labelled)) % JUDGE_PARTS
    kept = [labelled[parts != part] for part in range(JUDGE_PARTS)]
    return [fit_judge(features[places], labels[places]) for places in kept]


def log_spectra(images: UInt8[Tensor, "b 3 size size"]) -> Float[np.ndarray, "b r"]:
    """Return the power in decibels of each picture's brightness at 1, 2, … size / 2 cycles per side, in all directions.

    Blur lacks high frequencies, noise has too much of them, a grid has a peak. Subtracts the mean and applies a Hann
    window, so that the picture's edges do not count as detail.
    """
    grey = reduce(images.float(), "b c h w -> b h w", "mean")
    size = grey.shape[-1]
    window = torch.hann_window(size, periodic=False, device=grey.device)
    detail = (grey - grey.mean(dim=(1, 2), keepdim=True)) * torch.outer(window, window)
    power = torch.fft.fft2(detail).abs().square().flatten(1)
    cycles = torch.fft.fftfreq(size, 1 / size, device=grey.device)
    radius = torch.hypot(cycles[:, None], cycles[None, :]).round().long().flatten()
    rings = power.new_zeros(len(power), int(radius.max()) + 1).index_add_(1, radius, power)
    means = rings / radius.bincount().clamp(min=1)
    # The noise of rounding to grey levels is the floor: a uniform picture would give log(0).
    floor = float(window.square().sum() ** 2) / 12
    return (DECIBEL * (means[:, 1 : size // 2 + 1] + floor).log10()).cpu().numpy()


def answered_labels(subject: Subject) -> dict[str, tuple[str, ...]]:
    """Return the label names by kind, `genre` and `style`, if painted pictures depend on at least two of them."""
    if subject.painter is None:
        return {}
    kinds = ("genre", "style") if subject.painter.knows_styles(subject.resolution) else ("genre",)
    return {kind: names for kind, names, _ in subject.labels() if kind in kinds and len(names) > 1}


def _response(
    painter: TrainedPainter, kind: str, subject: Subject, network: FeatureNetwork, share: Share
) -> tuple[Float[np.ndarray, "s"], Float[np.ndarray, "s k"]]:
    """Paint the same latents in every genre, or the same pictures of stage I in every style. Collective."""
    features, composition = [], []
    for (number,) in share.batches(SEEDS, 1):
        images, small = (
            in_every_label(painter, kind, size, subject.seed + number) for size in (subject.resolution, SMALL)
        )
        features.append(network(to_uint8(images)).cpu().numpy())
        composition.append(layout_correlation(small, images).cpu().numpy())
    return label_effect(np.stack(share.gather(features))), np.stack(share.gather(composition))


def label_effect(features: Float[np.ndarray, "s k f"]) -> Float[np.ndarray, "s"]:
    """Return, for each of s seeds, the distance between pictures of k labels over the mean distance between seeds.

    0: the label changes nothing; 1: it changes a picture as much as another seed does.
    """
    by_label = np.moveaxis(features, 1, 0)
    between = [np.linalg.norm(one - other, axis=1) for one, other in itertools.combinations(by_label, 2)]
    within = [np.linalg.norm(one - other, axis=1).mean() for one, other in itertools.combinations(features, 2)]
    return np.mean(between, axis=0) / max(float(np.mean(within)), 1e-9)


def in_every_label(painter: TrainedPainter, kind: str, resolution: int, seed: int) -> Float[Tensor, "k 3 h w"]:
    """Paint one seed with every label of a kind."""
    num_genres, num_styles = len(painter.vocabulary.genres), len(painter.vocabulary.styles)
    if kind == "genre":
        genres, styles = torch.eye(num_genres), torch.zeros(num_genres, num_styles)
    else:
        # A collection may have styles and no genres.
        genre = torch.eye(num_genres)[seed % num_genres] if num_genres else torch.zeros(0)
        genres, styles = repeat(genre, "g -> s g", s=num_styles).clone(), torch.eye(num_styles)
    return painter.images([seed] * len(genres), genres, styles, resolution)


def layout_correlation(small: Float[Tensor, "b 3 h w"], large: Float[Tensor, "b 3 h2 w2"]) -> Float[Tensor, "b"]:
    """Return the correlation, over pixels and colours, of two pictures reduced to 16 x 16."""
    first, second = (F.adaptive_avg_pool2d(images.float(), LAYOUT).flatten(1) for images in (small, large))
    first, second = (values - values.mean(dim=1, keepdim=True) for values in (first, second))
    return F.cosine_similarity(first, second, dim=1)
