"""GANGogh's generator (2017), layer for layer: the parent that stage I is measured against.

It normalises with batch statistics, which makes a training step depend on who else is in the batch;
sampling uses the running averages instead, so that a picture depends on its own seed alone.
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
"""Where activations hear the genre: in the gate (the parent), in the normalisation before it, or nowhere."""


class GangoghGenerator(nn.Module):
    """Linear to 4 pixels, then four stride-2 5x5 transposed convolutions; all but the last normalised and gated."""

    def __init__(self, *, latent_dim: int, num_genres: int, width: int, conditioning: Conditioning = "gate") -> None:
        """`width` is 64 in the parent: 512 channels at 4 and 8 pixels before the gate.

        `conditioning` other than "gate" is for comparison; the genre stands beside the latent in any case.
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
    """The parent's: a bias for each genre, channel and pixel inside the gate."""

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
    """A gate that hears no genre."""

    def __init__(self, channels: int, num_genres: int, size: int) -> None:
        super().__init__()
        self.norm = BatchNorm(2 * channels)

    def forward(self, features: Float[Tensor, "b c2 h w"], genres: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        return gated(self.norm(features))
