"""Stage II's critic: takes paintings, or crops of them, with their labels; gives realness scores and class logits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

CriticConditioning = Literal["projection", "tiled"]
PLACES = 4
"""Places per side of a painting, each with features of its own."""


class Critic(nn.Module):
    """Scores how real a painting is as one of the given genre and style, and classifies both.

    Built like stage I's critic. The features are pooled to 4x4 places, so that a critic trained on crops also takes
    whole paintings. The score and each kind of label have a linear head.
    """

    def __init__(
        self,
        *,
        num_genres: int,
        num_styles: int,
        channels: Sequence[int],
        conditioning: CriticConditioning,
        label_channels: Sequence[int] = (),
        label_reduction: int = 1,
    ) -> None:
        """`channels` are the widths of the stride-2 convolutions; each place of the fifth sees 125 pixels.

        With `label_channels`, the class heads have their own convolutions of these widths, which see pictures reduced
        `label_reduction` times. So the generator can please the class heads only by palette and forms. With full
        resolution it learnt worm-like textures that raise the class probability and look like no painting.
        """
        super().__init__()
        self.convolutions = _halving_convolutions(channels)
        self.label_reduction = label_reduction
        self.label_convolutions = _halving_convolutions(label_channels) if label_channels else None
        scores = {"projection": _ProjectionScore, "tiled": _TiledScore}[conditioning]
        self.scores = scores(channels[-1], num_genres + num_styles)
        """Takes features, genres and styles; gives the realness score."""
        heads_dim = (*channels, *label_channels)[-1] * PLACES * PLACES
        self.genre = nn.Linear(heads_dim, num_genres)
        self.style = nn.Linear(heads_dim, num_styles)

    def forward(
        self,
        images: Float[Tensor, "b 3 h w"],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
    ) -> tuple[Float[Tensor, "b"], Float[Tensor, "b k"], Float[Tensor, "b s"], Float[Tensor, "b f"]]:
        """Return scores, genre logits, style logits, and the features, which `scores` can rate with other labels."""
        features = read = _of_places(self.convolutions(images))
        if self.label_convolutions is not None:
            read = _of_places(self.label_convolutions(F.avg_pool2d(images, self.label_reduction)))
        return self.scores(features, genres, styles), self.genre(read), self.style(read), features


def _halving_convolutions(channels: Sequence[int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, channels[0], 5, stride=2, padding=2),
        nn.LeakyReLU(0.2),
        *(
            layer
            for wide, narrow in pairwise(channels)
            for layer in (nn.Conv2d(wide, narrow, 5, stride=2, padding=2), nn.GroupNorm(1, narrow), nn.LeakyReLU(0.2))
        ),
    )


def _of_places(features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b f"]:
    return F.adaptive_avg_pool2d(features, PLACES).flatten(1)


class _ProjectionScore(nn.Module):
    """`s(x, y, t) = w.h(x) + V[y, t].h(x)` (Miyato and Koyama 2018, eq. 3); h are the features of all places."""

    def __init__(self, channels: int, num_labels: int) -> None:
        super().__init__()
        features_dim = channels * PLACES * PLACES
        self.realness = nn.Linear(features_dim, 1)
        self.projection = nn.Linear(num_labels, features_dim, bias=False)
        nn.init.normal_(self.projection.weight, std=features_dim**-0.5)

    def forward(
        self, features: Float[Tensor, "b f"], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Float[Tensor, "b"]:
        projected = self.projection(torch.cat([genres, styles], dim=1))
        return self.realness(features).squeeze(1) + (projected * features).sum(dim=1)


class _TiledScore(nn.Module):
    """Concatenate the labels to the features of every place, then one more layer (StackGAN, Zhang et al. 2017)."""

    def __init__(self, channels: int, num_labels: int) -> None:
        super().__init__()
        self.join = nn.Conv2d(channels + num_labels, channels, 1)
        self.realness = nn.Linear(channels * PLACES * PLACES, 1)

    def forward(
        self, features: Float[Tensor, "b f"], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Float[Tensor, "b"]:
        places = rearrange(features, "b (c h w) -> b c h w", h=PLACES, w=PLACES)
        labels = repeat(torch.cat([genres, styles], dim=1), "b k -> b k h w", h=PLACES, w=PLACES)
        joined = F.leaky_relu(self.join(torch.cat([places, labels], dim=1)), 0.2)
        return self.realness(joined.flatten(1)).squeeze(1)
