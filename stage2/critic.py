"""Stage II's critic: takes views of paintings with their labels; gives realness scores and class logits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

from common.nn.features import MAP_CHANNELS, MapHead, MapProjection

CriticConditioning = Literal["projection", "tiled"]
PLACES = 4
"""Places per side of a painting, each with features of its own."""
Judgement = tuple[Float[Tensor, "b"], Float[Tensor, "b h k"], Float[Tensor, "b h s"], list[Tensor]]
"""Scores, genre and style logits of each head, and the features, which `Critic.score` can rate with other labels."""


class Critic(nn.Module):
    """Scores how real a painting is as one of the given genre and style, and classifies both.

    The pixel part is built like stage I's critic; its features are pooled to 4x4 places. The score and each kind of
    label have a linear head.

    With eyes it has also a head for each map of a frozen network: of the whole picture brought down, and of a square
    of it at full size. The pixel part then sees that square, and the labels are read from the maps alone. The score is
    the mean over all parts.
    """

    def __init__(
        self,
        *,
        num_genres: int,
        num_styles: int,
        channels: Sequence[int],
        conditioning: CriticConditioning,
        feature_side: int = 0,
        head_channels: int = 0,
    ) -> None:
        """`channels` are the widths of the stride-2 convolutions; each place of the fifth sees 125 pixels.

        `feature_side` is the side of the pictures that the frozen network sees; 0 for a critic of pixels alone.
        """
        super().__init__()
        self.num_labels = [num_genres, num_styles]
        self.feature_side = feature_side
        self.convolutions = _halving_convolutions(channels)
        scores = {"projection": _ProjectionScore, "tiled": _TiledScore}[conditioning]
        self.scores = scores(channels[-1], num_genres + num_styles)
        """Takes features, genres and styles; gives the realness score."""
        if not feature_side:
            heads_dim = channels[-1] * PLACES * PLACES
            self.genre = nn.Linear(heads_dim, num_genres)
            self.style = nn.Linear(heads_dim, num_styles)
        # Of the whole picture, then of the square.
        maps = [*enumerate(MAP_CHANNELS, start=2)] * 2 if feature_side else []
        self.projections = nn.ModuleList(MapProjection(count, head_channels) for _, count in maps)
        self.map_heads = nn.ModuleList(
            MapHead(head_channels, feature_side // 2**place, num_genres + num_styles) for place, _ in maps
        )

    def fit(self, maps: Sequence[Tensor]) -> None:
        """Standardise the maps by those of some training paintings. Call it before training."""
        for projection, part in zip(self.projections, maps, strict=True):
            assert isinstance(projection, MapProjection)
            projection.fit(part)

    def views(self, pixels: Float[Tensor, "b 3 h w"], maps: Sequence[Tensor] = ()) -> list[Tensor]:
        """Return what the critic judges: pixels, and each map standardised and mixed (`stage2.networks.look`)."""
        return [pixels, *(projection(part) for projection, part in zip(self.projections, maps, strict=True))]

    def forward(self, views: Sequence[Tensor], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]) -> Judgement:
        """Judge views of pictures as ones of these labels, all zeros for any."""
        pixels = F.adaptive_avg_pool2d(self.convolutions(views[0]), PLACES).flatten(1)
        features, logits = [pixels], []
        for head, view in zip(self.map_heads, views[1:], strict=True):
            score, pooled, head_logits = head(view)
            features += [score, pooled]
            logits.append(head_logits)
        if logits:
            genre_logits, style_logits = torch.split(torch.stack(logits, dim=1), self.num_labels, dim=2)
        else:
            genre_logits, style_logits = self.genre(pixels)[:, None], self.style(pixels)[:, None]
        return self.score(features, genres, styles), genre_logits, style_logits, features

    def score(
        self, features: Sequence[Tensor], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Float[Tensor, "b"]:
        """Return the scores of pictures with the given features, as ones of these labels."""
        scores, labels = [self.scores(features[0], genres, styles)], torch.cat([genres, styles], dim=1)
        for head, score, pooled in zip(self.map_heads, features[1::2], features[2::2], strict=True):
            assert isinstance(head, MapHead)
            scores.append(score + head.projected(pooled, labels))
        return torch.stack(scores).mean(dim=0)


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
