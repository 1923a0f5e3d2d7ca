"""The generator of StackGAN's stage II (Zhang et al. 2017, version 1), the baseline for this project's generator.

It is conditioned on labels and noise, where the original has an augmented text embedding.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from einops import repeat
from jaxtyping import Float
from torch import Tensor, nn

from common.nn.batch_norm import BatchNorm


class StackganGenerator(nn.Module):
    """Convolutions down to 16 pixels, the condition concatenated at every pixel, residual blocks, upsampling."""

    def __init__(
        self, *, num_genres: int, num_styles: int, noise_dim: int, width: int, body_blocks: int, resolution: int
    ) -> None:
        """`width` is the number of channels at 64 pixels (128 in the original); there are four times as many at 16."""
        super().__init__()
        coarse = 4 * width
        self.down = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1),
            nn.ReLU(),
            *_convolution(width, 2 * width, kernel=4, stride=2),
            *_convolution(2 * width, coarse, kernel=4, stride=2),
        )
        self.join = nn.Sequential(*_convolution(coarse + num_genres + num_styles + noise_dim, coarse))
        self.body = nn.Sequential(*(_ResidualBlock(coarse) for _ in range(body_blocks)))
        steps = (resolution // 16).bit_length() - 1
        widths = [max(coarse // 2**step, 4) for step in range(steps + 1)]
        self.up = nn.Sequential(
            *(
                layer
                for wide, narrow in pairwise(widths)
                for layer in (nn.Upsample(scale_factor=2), *_convolution(wide, narrow))
            )
        )
        self.out = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(
        self,
        small: Float[Tensor, "b 3 h w"],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
        noise: Float[Tensor, "b n"],
    ) -> Float[Tensor, "b 3 h_out w_out"]:
        """Enlarge pictures of 64 pixels, or square crops of them whose sides are multiples of 4."""
        features = self.down(small)
        # Labels come last: a run that starts from other weights expects them there.
        condition = torch.cat([noise, genres, styles], dim=1)
        everywhere = repeat(condition, "b c -> b c h w", h=features.shape[2], w=features.shape[3])
        features = self.body(self.join(torch.cat([features, everywhere], dim=1)))
        return torch.tanh(self.out(self.up(features)))


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            *_convolution(channels, channels), nn.Conv2d(channels, channels, 3, padding=1), BatchNorm(channels)
        )

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return F.relu(features + self.convolutions(features))


def _convolution(in_channels: int, out_channels: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, kernel, stride=stride, padding=1, bias=False),
        BatchNorm(out_channels),
        nn.ReLU(),
    ]
