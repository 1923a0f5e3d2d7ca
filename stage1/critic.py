"""Stage I's critic: realness scores and genre logits of 64-pixel pictures, from pixels and a frozen network's maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from common.nn.features import MAP_CHANNELS, MapHead, MapProjection

Judgement = tuple[Float[Tensor, "b"], Float[Tensor, "b h k"]]
"""Scores, and the genre logits of each head."""


class Critic(nn.Module):
    """GANGogh's critic of the pixels, and beside it a head for each map of a frozen network, if it has eyes.

    The pixel part has four stride-2 5x5 convolutions and two heads; the last three convolutions are followed by layer
    norm over channels and pixels. It uses torch's default initialisation: with the larger weights of He et al. (2015)
    the generator learnt less. Scores are means over the heads.
    """

    def __init__(self, *, num_genres: int, width: int, feature_side: int = 0, head_channels: int = 0) -> None:
        """`feature_side` is the side of the pictures that the frozen network sees; 0 for a critic of pixels alone."""
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, 5, stride=2, padding=2),
            nn.LeakyReLU(0.2),
            *_normalised_convolution(width, 2 * width, size=16),
            *_normalised_convolution(2 * width, 4 * width, size=8),
            *_normalised_convolution(4 * width, 8 * width, size=4),
            nn.Flatten(),
        )
        self.realness = nn.Linear(8 * width * 4 * 4, 1)
        self.genre = nn.Linear(8 * width * 4 * 4, num_genres)
        channels = MAP_CHANNELS if feature_side else ()
        self.projections = nn.ModuleList(MapProjection(count, head_channels) for count in channels)
        self.map_heads = nn.ModuleList(
            MapHead(head_channels, feature_side // 2**place, num_genres) for place in range(2, 2 + len(channels))
        )

    def fit(self, maps: Sequence[Tensor]) -> None:
        """Standardise the views by the maps of some training paintings. Call it before training."""
        for projection, part in zip(self.projections, maps, strict=True):
            assert isinstance(projection, MapProjection)
            projection.fit(part)

    def views(self, images: Float[Tensor, "b 3 64 64"], maps: Sequence[Tensor] = ()) -> list[Tensor]:
        """Return what the critic judges: the pixels, and each map standardised and mixed."""
        return [images, *(projection(part) for projection, part in zip(self.projections, maps, strict=True))]

    def forward(self, views: Sequence[Tensor], genres: Float[Tensor, "b k"]) -> Judgement:
        """Judge views of pictures. `genres` are the labels that the pictures should show, all zeros for any."""
        features = self.features(views[0])
        scores, logits = [self.realness(features).squeeze(1)], [self.genre(features)]
        for head, view in zip(self.map_heads, views[1:], strict=True):
            assert isinstance(head, MapHead)
            score, pooled, head_logits = head(view)
            scores.append(score + head.projected(pooled, genres))
            logits.append(head_logits)
        return torch.stack(scores).mean(dim=0), torch.stack(logits, dim=1)


def _normalised_convolution(in_channels: int, out_channels: int, size: int) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, 5, stride=2, padding=2),
        nn.LayerNorm([out_channels, size, size]),
        nn.LeakyReLU(0.2),
    ]
