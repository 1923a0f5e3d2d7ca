"""Stage II's critic: large paintings with their labels in, realness scores and class logits out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from common.nn.layers import CriticBlock, initialise, pixels_to_channels


class Critic(nn.Module):
    """Residual critic that judges a painting as one of the asked genre and style, by projection.

    `s(x, y, t) = w.h(x) + V[y, t].h(x)` (Miyato and Koyama 2018, eq. 3), beside one linear head a label.
    """

    def __init__(self, *, num_genres: int, num_styles: int, channels: Sequence[int], patch: int) -> None:
        """`channels` are the widths from resolution / patch pixels, halving, down to 4."""
        super().__init__()
        self.patch = patch
        self.stem = nn.Conv2d(3 * patch * patch, channels[0], 3, padding=1)
        self.blocks = nn.Sequential(
            *(CriticBlock(wide, narrow) for wide, narrow in zip(channels[:-1], channels[1:], strict=True))
        )
        self.activation = nn.LeakyReLU(0.2)
        features_dim = channels[-1] * 4 * 4
        self.realness = nn.Linear(features_dim, 1)
        self.projection = nn.Linear(num_genres + num_styles, features_dim, bias=False)
        self.genre = nn.Linear(features_dim, num_genres)
        self.style = nn.Linear(features_dim, num_styles)
        initialise(self)
        nn.init.normal_(self.projection.weight, std=features_dim**-0.5)

    def forward(
        self,
        images: Float[Tensor, "b 3 size size"],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
    ) -> tuple[Float[Tensor, "b"], Float[Tensor, "b k"], Float[Tensor, "b s"], Float[Tensor, "b f"]]:
        """Scores, genre logits, style logits, and the features that `scores` takes with other labels."""
        features = self.blocks(self.stem(pixels_to_channels(images, self.patch)))
        features = self.activation(features).flatten(1)
        return self.scores(features, genres, styles), self.genre(features), self.style(features), features

    def scores(
        self, features: Float[Tensor, "b f"], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Float[Tensor, "b"]:
        """Realness of paintings with these features as paintings of these labels."""
        projected = self.projection(torch.cat([genres, styles], dim=1))
        return self.realness(features).squeeze(1) + (projected * features).sum(dim=1)
