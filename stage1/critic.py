"""Stage I's critic: realness scores and genre logits of 64-pixel pictures. The label is not an input."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


class Critic(nn.Module):
    """GANGogh's critic: four stride-2 5x5 convolutions and two heads.

    The last three convolutions are followed by layer norm over channels and pixels.

    It uses torch's default initialisation. With the larger weights of He et al. (2015) the generator learnt less.
    """

    def __init__(self, *, num_genres: int, width: int) -> None:
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

    def forward(self, images: Float[Tensor, "b 3 64 64"]) -> tuple[Float[Tensor, "b"], Float[Tensor, "b k"]]:
        features = self.features(images)
        return self.realness(features).squeeze(1), self.genre(features)


def _normalised_convolution(in_channels: int, out_channels: int, size: int) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, 5, stride=2, padding=2),
        nn.LayerNorm([out_channels, size, size]),
        nn.LeakyReLU(0.2),
    ]
