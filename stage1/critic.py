"""Stage I's critic: 64-pixel paintings in, realness scores and genre logits out. It never sees the label."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from common.nn.layers import CriticBlock, initialise, pixels_to_channels


class Critic(nn.Module):
    """Residual critic down to 4 pixels with one linear head for realness and one for the genre."""

    def __init__(self, *, num_genres: int, channels: Sequence[int], patch: int) -> None:
        """`channels` are the widths from 64 / patch pixels, halving, down to 4."""
        super().__init__()
        self.patch = patch
        self.stem = nn.Conv2d(3 * patch * patch, channels[0], 3, padding=1)
        self.blocks = nn.Sequential(
            *(CriticBlock(wide, narrow) for wide, narrow in zip(channels[:-1], channels[1:], strict=True))
        )
        self.activation = nn.LeakyReLU(0.2)
        self.realness = nn.Linear(channels[-1] * 4 * 4, 1)
        self.genre = nn.Linear(channels[-1] * 4 * 4, num_genres)
        initialise(self)

    def forward(self, images: Float[Tensor, "b 3 64 64"]) -> tuple[Float[Tensor, "b"], Float[Tensor, "b k"]]:
        features = self.blocks(self.stem(pixels_to_channels(images, self.patch)))
        features = self.activation(features).flatten(1)
        return self.realness(features).squeeze(1), self.genre(features)
