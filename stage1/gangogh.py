"""GANGogh's generator (2017), layer for layer: the parent that stage I is measured against.

It normalises with batch statistics, which makes a training step depend on who else is in the batch;
sampling uses the running averages instead, so that a picture depends on its own seed alone.
"""

from __future__ import annotations

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from common.nn.batch_norm import BatchNorm
from common.nn.layers import Gate


class GangoghGenerator(nn.Module):
    """Linear to 4 pixels, then four stride-2 5x5 transposed convolutions; all but the last normalised and gated."""

    def __init__(self, *, latent_dim: int, num_genres: int, width: int) -> None:
        """`width` is 64 in the parent: 512 channels at 4 and 8 pixels before the gate."""
        super().__init__()
        self.stem = nn.Linear(latent_dim + num_genres, 16 * width * 4 * 4)
        self.stem_norm = BatchNorm(16 * width)
        self.stem_gate = Gate(8 * width, num_genres, size=4, bias=True)
        self.layers = nn.ModuleList(
            [
                _GatedUpsampling(8 * width, 4 * width, num_genres, size=8),
                _GatedUpsampling(4 * width, 2 * width, num_genres, size=16),
                _GatedUpsampling(2 * width, width, num_genres, size=32),
            ]
        )
        self.out = nn.ConvTranspose2d(width, 3, 5, stride=2, padding=2, output_padding=1)

    def forward(self, latents: Float[Tensor, "b z"], genres: Float[Tensor, "b k"]) -> Float[Tensor, "b 3 64 64"]:
        features = rearrange(self.stem(torch.cat([latents, genres], dim=1)), "b (c h w) -> b c h w", h=4, w=4)
        features = self.stem_gate(self.stem_norm(features), genres)
        for layer in self.layers:
            features = layer(features, genres)
        return torch.tanh(self.out(features))


class _GatedUpsampling(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, num_genres: int, size: int) -> None:
        super().__init__()
        self.convolution = nn.ConvTranspose2d(in_channels, 2 * out_channels, 5, stride=2, padding=2, output_padding=1)
        self.norm = BatchNorm(2 * out_channels)
        self.gate = Gate(out_channels, num_genres, size=size, bias=True)

    def forward(
        self, features: Float[Tensor, "b c_in h w"], genres: Float[Tensor, "b k"]
    ) -> Float[Tensor, "b c_out h2 w2"]:
        return self.gate(self.norm(self.convolution(features)), genres)
