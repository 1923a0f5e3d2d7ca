"""How pictures change with the labels: the same noise in every genre, the same small picture in every style."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from einops import repeat
from jaxtyping import Float, UInt8
from torch import Tensor

from common.evaluation.features import FeatureNetwork
from common.evaluation.references import Progress
from common.evaluation.subjects import SMALL, TrainedPainter
from common.images import to_uint8
from common.shares import Share

SEEDS = 32
LAYOUT = 16
"""Side, in pixels, at which compositions are compared."""


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
            [self._distances(first, second) for first, second in itertools.combinations(range(labels), 2)], axis=0
        )
        within = np.mean(
            [
                np.linalg.norm(self.features[first] - self.features[second], axis=1).mean()
                for first, second in itertools.combinations(range(seeds), 2)
            ]
        )
        return between / max(float(within), 1e-9)

    def _distances(self, first: int, second: int) -> Float[np.ndarray, "s"]:
        return np.linalg.norm(self.features[:, first] - self.features[:, second], axis=1)


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
        genres, styles = _conditions(painter, kind, seed + number)
        seeds = [seed + number] * num_labels
        images = painter.images(seeds, genres, styles, resolution)
        small = painter.images(seeds, genres, torch.zeros_like(styles), SMALL)
        features.append(network(to_uint8(images)).cpu().numpy()[None])
        composition.append(layout_correlation(small, images).cpu().numpy()[None])
        progress(num_labels)
    return Response(share.gather(np.concatenate(features)), share.gather(np.concatenate(composition)))


def same_noise(painter: TrainedPainter, kind: str, resolution: int, seed: int) -> UInt8[Tensor, "k 3 h w"]:
    """Paint one seed with every label of a kind."""
    genres, styles = _conditions(painter, kind, seed)
    return to_uint8(painter.images([seed] * len(genres), genres, styles, resolution)).cpu()


def layout_correlation(small: Float[Tensor, "b 3 h w"], large: Float[Tensor, "b 3 h2 w2"]) -> Float[Tensor, "b"]:
    """Return the correlation, over pixels and colours, of two pictures reduced to 16 x 16."""
    first, second = (F.adaptive_avg_pool2d(images.float(), LAYOUT).flatten(1) for images in (small, large))
    first, second = (values - values.mean(dim=1, keepdim=True) for values in (first, second))
    return F.cosine_similarity(first, second, dim=1)


def _conditions(painter: TrainedPainter, kind: str, seed: int) -> tuple[Float[Tensor, "k g"], Float[Tensor, "k s"]]:
    num_genres, num_styles = len(painter.vocabulary.genres), len(painter.vocabulary.styles)
    if kind == "genre":
        return torch.eye(num_genres), torch.zeros(num_genres, num_styles)
    # A collection may have styles and no genres.
    genre = torch.eye(num_genres)[seed % num_genres] if num_genres else torch.zeros(0)
    return repeat(genre, "g -> s g", s=num_styles).clone(), torch.eye(num_styles)
