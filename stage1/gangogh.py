"""GANGogh's generator (2017), layer for layer: the baseline for stage I.

It uses batch norm, so in training a picture depends on the other pictures of the batch. Sampling uses running averages,
so a picture depends only on its own seed.
"""

from __future__ import annotations

from typing import Literal

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from common.nn.batch_norm import BatchNorm
from common.nn.layers import Gate, gated

Conditioning = Literal["gate", "normalisation", "concatenation"]
"""Where the genre enters the activations: in the gate (as in GANGogh), in the batch norm before it, or nowhere."""


class GangoghGenerator(nn.Module):
    """A linear layer to 4 pixels, then four stride-2 5x5 transposed convolutions; norm and gate before each of them."""

    def __init__(self, *, latent_dim: int, num_genres: int, width: int, conditioning: Conditioning = "gate") -> None:
        """`width` is 64 in GANGogh: 512, 256, 128 and 64 channels after the gates.

        `conditioning` other than "gate" is for comparison. The genre is always concatenated to the latent.
        """
        super().__init__()
        activation = {"gate": _GenreGate, "normalisation": _GenreNorm, "concatenation": _PlainGate}[conditioning]
        self.stem = nn.Linear(latent_dim + num_genres, 16 * width * 4 * 4)
        self.stem_activation = activation(8 * width, num_genres, size=4)
        widths = [8 * width, 4 * width, 2 * width, width]
        self.convolutions = nn.ModuleList(
            nn.ConvTranspose2d(wide, 2 * narrow, 5, stride=2, padding=2, output_padding=1)
            for wide, narrow in zip(widths[:-1], widths[1:], strict=True)
        )
        self.activations = nn.ModuleList(
            activation(channels, num_genres, size) for channels, size in zip(widths[1:], (8, 16, 32), strict=True)
        )
        self.out = nn.ConvTranspose2d(width, 3, 5, stride=2, padding=2, output_padding=1)

    def forward(self, latents: Float[Tensor, "b z"], genres: Float[Tensor, "b k"]) -> Float[Tensor, "b 3 64 64"]:
        features = rearrange(self.stem(torch.cat([latents, genres], dim=1)), "b (c h w) -> b c h w", h=4, w=4)
        features = self.stem_activation(features, genres)
        for convolution, activation in zip(self.convolutions, self.activations, strict=True):
            features = activation(convolution(features), genres)
        return torch.tanh(self.out(features))


class _GenreGate(nn.Module):
    """GANGogh's gate: with a bias for each genre, channel and pixel."""

    def __init__(self, channels: int, num_genres: int, size: int) -> None:
        super().__init__()
        self.norm = BatchNorm(2 * channels)
        self.gate = Gate(channels, num_genres, size=size, bias=True)

    def forward(self, features: Float[Tensor, "b c2 h w"], genres: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        return self.gate(self.norm(features), genres)


class _GenreNorm(nn.Module):
    """Conditional batch norm (de Vries et al. 2017): a scale and a bias for each genre and channel, then a gate."""

    def __init__(self, channels: int, num_genres: int, size: int) -> None:
        super().__init__()
        self.norm = BatchNorm(2 * channels)
        self.scale = nn.Linear(num_genres, 2 * channels, bias=False)
        self.shift = nn.Linear(num_genres, 2 * channels, bias=False)

    def forward(self, features: Float[Tensor, "b c2 h w"], genres: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        scale, shift = self.scale(genres)[:, :, None, None], self.shift(genres)[:, :, None, None]
        return gated((1 + scale) * self.norm(features) + shift)


class _PlainGate(nn.Module):
    """A gate without the genre."""

    def __init__(self, channels: int, num_genres: int, size: int) -> None:
        super().__init__()
        self.norm = BatchNorm(2 * channels)

    def forward(self, features: Float[Tensor, "b c2 h w"], genres: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        return gated(self.norm(features))
