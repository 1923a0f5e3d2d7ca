"""Look at a subject's pictures: their features, what the critic says, their power spectra, their answer to labels.

The processes share the pictures, and each one gets the results of all. `common.evaluation.figures` reads them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from einops import reduce, repeat
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from common.curation import Opinions, favourites, passed_over, rank
from common.data.dataset import UNLABELLED, Split, one_hot
from common.evaluation.features import FeatureNetwork
from common.evaluation.judge import Verdicts, judged
from common.evaluation.neighbours import Manifolds, Nearest, jackknifed_manifolds, manifolds, nearest
from common.evaluation.references import BATCH, Progress, References, batches_of
from common.evaluation.subjects import SMALL, Subject, TrainedPainter, simplexes
from common.images import to_uint8
from common.randomness import Purpose, generator_for
from common.shares import Share

SEEDS = 32
"""Seeds that the effect of the labels is measured with."""
LAYOUT = 16
"""Side, in pixels, at which compositions are compared."""
DECIBEL = 10.0


@dataclass(frozen=True)
class Response:
    """Features of pictures of s seeds with each of k labels of one kind."""

    features: Float[np.ndarray, "s k f"]
    composition: Float[np.ndarray, "s k"]
    """Correlation with stage I's picture, both reduced to 16 x 16; 1 for stage I itself."""

    def per_seed(self) -> Float[np.ndarray, "s"]:
        """Return, for each seed, the distance between labels over the mean distance between seeds.

        0: the label changes nothing; 1: it changes a picture as much as another seed does.
        """
        seeds, labels, _ = self.features.shape
        between = np.mean(
            [
                np.linalg.norm(self.features[:, first] - self.features[:, second], axis=1)
                for first, second in itertools.combinations(range(labels), 2)
            ],
            axis=0,
        )
        within = np.mean(
            [
                np.linalg.norm(self.features[first] - self.features[second], axis=1).mean()
                for first, second in itertools.combinations(range(seeds), 2)
            ]
        )
        return between / max(float(within), 1e-9)


@dataclass(frozen=True)
class Labels:
    """One kind of label: its names, and the indices requested for the pictures and of the paintings."""

    names: tuple[str, ...]
    asked: Int[np.ndarray, "n"]
    train: Int[np.ndarray, "t"]
    held_out: Int[np.ndarray, "m"]


@dataclass(frozen=True)
class Observations:
    """What was computed for n pictures and for real paintings, from which `figures` are computed."""

    subject: Subject
    train: Split
    held_out: Split
    real: References
    features: Float[np.ndarray, "n f"]
    mirrored: Float[np.ndarray, "n f"]
    opinions: Opinions | None
    """The critic on the pictures; None without a critic."""
    opinions_of_held_out: Opinions | None
    spectra: Float[np.ndarray, "n r"]
    spectra_of_held_out: Float[np.ndarray, "m r"]
    spectra_of_stand_in: Float[np.ndarray, "l r"]
    """Of as many training paintings as there are pictures, for the scores of real paintings."""
    responses: dict[str, Response]
    """By `genre` and `style`; empty without a painter."""

    @cached_property
    def random(self) -> np.random.Generator:
        """The draws of all intervals, one after the other: in another order of figures, intervals differ a little."""
        return generator_for(self.subject.seed, Purpose.EVALUATION_RESAMPLING)

    @cached_property
    def labels(self) -> dict[str, Labels]:
        """By `genre` and `style`."""
        return {
            kind: Labels(names, asked, getattr(self.train, f"{kind}s"), getattr(self.held_out, f"{kind}s"))
            for kind, names, asked in self.subject.labels()
        }

    @cached_property
    def verdicts(self) -> dict[str, Verdicts]:
        """What the judge sees, by kind of label; only kinds of which the training paintings have two labels."""
        features = self.real.train, self.features, self.real.held_out
        return {
            kind: judged(labels.train, len(labels.names), *features)
            for kind, labels in self.labels.items()
            if len(set(labels.train[labels.train != UNLABELLED])) > 1
        }

    @cached_property
    def _equal_sets(self) -> tuple[Float[np.ndarray, "c f"], Float[np.ndarray, "c f"], Float[np.ndarray, "c f"]]:
        """Features of equally many held-out paintings, generated pictures and training paintings."""
        count = min(len(self.subject), len(self.held_out), len(self.train))
        places = [self.random.permutation(length)[:count] for length in (len(self.held_out), len(self.subject))]
        return self.real.held_out[places[0]], self.features[places[1]], self.real.train[:count]

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

    @cached_property
    def nearest(self) -> tuple[Nearest, Nearest]:
        """The nearest training painting of each generated picture, and of each held-out painting."""
        real = self.real
        return (
            nearest(self.features, self.mirrored, real.train),
            nearest(real.held_out, real.held_out_mirrored, real.train),
        )

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


def observe(
    subject: Subject,
    train: Split,
    held_out: Split,
    real: References,
    network: FeatureNetwork,
    share: Share,
    progress: Progress,
) -> Observations:
    """Observe all pictures of a subject, and real paintings with the features `real`. Collective."""
    own, painter = share.of(len(subject)), subject.painter
    features = [np.zeros((0, network.num_features), dtype=np.float32)]
    mirrored, opinions = list(features), []
    spectra = [np.zeros((0, subject.resolution // 2), dtype=np.float32)]
    for start in range(0, len(own), BATCH):
        places = own[start : start + BATCH]
        images = subject.read(places)
        features.append(network(images).cpu().numpy())
        mirrored.append(network(images.flip(3)).cpu().numpy())
        spectra.append(log_spectra(images))
        if painter is not None:
            asked = (column[places.start : places.stop] for column in (subject.genres, subject.styles))
            opinions.append(painter.opinions(images, *simplexes(subject.vocabulary, *asked)))
        progress(len(places))
    stand_in = train.at(np.arange(min(len(subject), len(train))))
    return Observations(
        subject=subject,
        train=train,
        held_out=held_out,
        real=real,
        features=share.gather(np.concatenate(features)),
        mirrored=share.gather(np.concatenate(mirrored)),
        opinions=_gathered(opinions, share),
        opinions_of_held_out=None if painter is None else _gathered(_opinions_of(held_out, painter, share), share),
        spectra=share.gather(np.concatenate(spectra)),
        spectra_of_held_out=_spectra_of(held_out, share),
        spectra_of_stand_in=_spectra_of(stand_in, share),
        responses={
            kind: label_response(painter, kind, subject.resolution, network, subject.seed, share, progress)
            for kind in answered_labels(painter, subject.resolution)
            if painter is not None
        },
    )


def num_observed(subject: Subject) -> int:
    """Return how many pictures `observe` reports as progress, over all processes."""
    answers = answered_labels(subject.painter, subject.resolution)
    return len(subject) + SEEDS * sum(len(names) for names in answers.values())


def _opinions_of(split: Split, painter: TrainedPainter, share: Share) -> list[Opinions | None]:
    """Return the critic's opinions on this process's share of real paintings, given their own labels."""
    own = share.of(len(split))
    labels = (column[own.start : own.stop] for column in (split.genres, split.styles))
    points = (torch.split(rows, BATCH) for rows in simplexes(painter.vocabulary, *labels))
    # A share of no pictures has no batch, but torch splits its labels into one.
    batches = zip(batches_of(split, own), *points, strict=False)
    return [painter.opinions(*batch) for batch in batches]


def _gathered(opinions: Iterable[Opinions | None], share: Share) -> Opinions | None:
    own = np.array([opinion for opinion in opinions if opinion is not None], dtype=object)
    parts = share.gather(own).tolist()
    return Opinions.joined(parts) if parts else None


def _spectra_of(split: Split, share: Share) -> Float[np.ndarray, "m r"]:
    own = [log_spectra(images) for images in batches_of(split, share.of(len(split)))]
    return share.gather(np.concatenate([np.zeros((0, split.images.shape[1] // 2), dtype=np.float32), *own]))


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


def answered_labels(painter: TrainedPainter | None, resolution: int) -> dict[str, list[str]]:
    """Return the label names by kind, `genre` and `style`, if pictures of that size depend on at least two of them."""
    if painter is None:
        return {}
    kinds = {"genre": list(painter.vocabulary.genres)}
    if painter.knows_styles(resolution):
        kinds["style"] = list(painter.vocabulary.styles)
    return {kind: names for kind, names in kinds.items() if len(names) > 1}


def label_response(
    painter: TrainedPainter,
    kind: str,
    resolution: int,
    network: FeatureNetwork,
    seed: int,
    share: Share,
    progress: Progress,
) -> Response:
    """Paint the same latents in every genre, or the same pictures of stage I in every style. Collective."""
    num_labels = len(answered_labels(painter, resolution)[kind])
    features = [np.zeros((0, num_labels, network.num_features), dtype=np.float32)]
    composition = [np.zeros((0, num_labels), dtype=np.float32)]
    for number in share.of(SEEDS):
        images = _every_label(painter, kind, resolution, seed + number)
        small = _every_label(painter, kind, SMALL, seed + number)
        features.append(network(to_uint8(images)).cpu().numpy()[None])
        composition.append(layout_correlation(small, images).cpu().numpy()[None])
        progress(num_labels)
    return Response(share.gather(np.concatenate(features)), share.gather(np.concatenate(composition)))


def same_noise(painter: TrainedPainter, kind: str, resolution: int, seed: int) -> UInt8[Tensor, "k 3 h w"]:
    """Paint one seed with every label of a kind."""
    return to_uint8(_every_label(painter, kind, resolution, seed)).cpu()


def layout_correlation(small: Float[Tensor, "b 3 h w"], large: Float[Tensor, "b 3 h2 w2"]) -> Float[Tensor, "b"]:
    """Return the correlation, over pixels and colours, of two pictures reduced to 16 x 16."""
    first, second = (F.adaptive_avg_pool2d(images.float(), LAYOUT).flatten(1) for images in (small, large))
    first, second = (values - values.mean(dim=1, keepdim=True) for values in (first, second))
    return F.cosine_similarity(first, second, dim=1)


def _every_label(painter: TrainedPainter, kind: str, resolution: int, seed: int) -> Float[Tensor, "k 3 h w"]:
    num_genres, num_styles = len(painter.vocabulary.genres), len(painter.vocabulary.styles)
    if kind == "genre":
        genres, styles = torch.eye(num_genres), torch.zeros(num_genres, num_styles)
    else:
        # A collection may have styles and no genres.
        genre = torch.eye(num_genres)[seed % num_genres] if num_genres else torch.zeros(0)
        genres, styles = repeat(genre, "g -> s g", s=num_styles).clone(), torch.eye(num_styles)
    return painter.images([seed] * len(genres), genres, styles, resolution)
