"""Stage II's critic: paintings or squares of them with their labels in, realness scores and class logits out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

CriticConditioning = Literal["projection", "tiled"]
PLACES = 4
"""Of a painting, to a side, that have features of their own."""


class Critic(nn.Module):
    """Stage I's kind of critic, which judges a painting as one of the asked genre and style.

    The features are those of 4x4 places, means where the last convolution leaves more, so that a critic of squares
    takes whole paintings as well. Beside the score there is one linear head a label.
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

        Where there are `label_channels`, the class heads have convolutions of their own, of those widths, which see
        pictures brought down `label_reduction` times: so what is asked of a painted picture by its class is palette
        and forms. From fine pixels a class can be had with worms that no painter made.
        """
        super().__init__()
        self.convolutions = _halving_convolutions(channels)
        self.label_reduction = label_reduction
        self.label_convolutions = _halving_convolutions(label_channels) if label_channels else None
        scores = {"projection": _ProjectionScore, "tiled": _TiledScore}[conditioning]
        self.scores = scores(channels[-1], num_genres + num_styles)
        """Realness of paintings with some features as paintings of some labels."""
        heads_dim = (*channels, *label_channels)[-1] * PLACES * PLACES
        self.genre = nn.Linear(heads_dim, num_genres)
        self.style = nn.Linear(heads_dim, num_styles)

    def forward(
        self,
        images: Float[Tensor, "b 3 h w"],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
    ) -> tuple[Float[Tensor, "b"], Float[Tensor, "b k"], Float[Tensor, "b s"], Float[Tensor, "b f"]]:
        """Scores, genre logits, style logits, and the features that `scores` takes with other labels."""
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
            for wide, narrow in zip(channels[:-1], channels[1:], strict=True)
            for layer in (
                nn.Conv2d(wide, narrow, 5, stride=2, padding=2),
                nn.GroupNorm(1, narrow),
                nn.LeakyReLU(0.2),
            )
        ),
    )


def _of_places(features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b f"]:
    return F.adaptive_avg_pool2d(features, PLACES).flatten(1)


class _ProjectionScore(nn.Module):
    """`s(x, y, t) = w.h(x) + V[y, t].h(x)` (Miyato and Koyama 2018, eq. 3), h the features at all places."""

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
    """The labels beside the features of every place, as in StackGAN (Zhang et al. 2017), then one more layer."""

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
