"""Stage II's generator: turns small paintings, labels and noise into large paintings; `stage2.critic` judges them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from common.nn.layers import GatedBlock, initialise, replicate_conv3x3

GRAIN_DIM = 16
"""How many noise values the decoder spreads over its pixels; few, because their directions are saved as weights."""


class Generator(nn.Module):
    """Encoder to 16 pixels, gated residual blocks, decoder to the resolution. Adds its output to the enlarged input."""

    def __init__(
        self,
        *,
        num_genres: int,
        num_styles: int,
        noise_dim: int,
        encoder_channels: Sequence[int],
        body_blocks: int,
        decoder_channels: Sequence[int],
        output_enlargement: int,
        underpainting: int,
        grain: int,
        decoder_grain: int = 0,
        detail_strength: float = 1.0,
    ) -> None:
        """`encoder_channels` are the widths at 64, 32 and 16 pixels, `decoder_channels` those from 32 pixels up.

        `stage2.config` explains the others. A pixel shuffle instead of `output_enlargement` drew a grid of dots.
        Without `grain`, strokes on even ground repeat. If training used `detail_strength`, the network would learn to
        paint stronger detail to make up for it.
        """
        super().__init__()
        condition_dim = noise_dim + num_genres + num_styles
        finest, middle, coarsest = encoder_channels
        self.enlargement = 16 * 2 ** len(decoder_channels) * output_enlargement // 64
        self.reduction = 64 // underpainting
        self.output_enlargement = output_enlargement
        self.detail_strength = detail_strength
        self.grain = Grain(noise_dim, grain) if grain else None
        self.stem = replicate_conv3x3(3 + grain, finest)
        self.encoder = nn.ModuleList(
            GatedBlock(*widths, condition_dim, upsample=False) for widths in ((finest, middle), (middle, coarsest))
        )
        self.body = nn.ModuleList(
            GatedBlock(coarsest, coarsest, condition_dim, upsample=False) for _ in range(body_blocks)
        )
        self.decoder = nn.ModuleList(
            GatedBlock(*widths, condition_dim, upsample=True) for widths in pairwise((coarsest, *decoder_channels))
        )
        self.grains = nn.ModuleList(
            _DecoderGrain(min(noise_dim, GRAIN_DIM), decoder_grain, 2 * channels, side=32 * 2**level)
            for level, channels in enumerate(decoder_channels if decoder_grain else ())
        )
        self.bridges = nn.ModuleList(
            [nn.Conv2d(middle, decoder_channels[0], 1), nn.Conv2d(finest, decoder_channels[1], 1)]
        )
        self.out = replicate_conv3x3(decoder_channels[-1], 3)
        initialise(self)
        for strengths in self.grains.parameters():
            nn.init.normal_(strengths, std=0.2)
        # Start small: the first output is the enlarged input, and training adds to it.
        nn.init.normal_(self.out.weight, std=0.01)

    def forward(
        self,
        small: Float[Tensor, "b 3 h w"],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
        noise: Float[Tensor, "b n"],
    ) -> Float[Tensor, "b 3 h_out w_out"]:
        """Enlarge pictures of 64 pixels, or square crops of them whose sides are multiples of 4."""
        loudness = noise.shape[1] ** 0.5
        condition = torch.cat([noise, genres * loudness, styles * loudness], dim=1)
        grain = [] if self.grain is None else [self.grain(noise, small.shape[-2:])]
        at_64 = self.stem(torch.cat([small, *grain], dim=1))
        at_32 = self.encoder[0](F.avg_pool2d(at_64, 2), condition)
        features = self.encoder[1](F.avg_pool2d(at_32, 2), condition)
        for block in self.body:
            features = block(features, condition)
        bridged = [bridge(skip) for bridge, skip in zip(self.bridges, (at_32, at_64), strict=True)]
        for level, block in enumerate(self.decoder):
            size = [2 * side for side in features.shape[-2:]]
            features = block(features, condition, self.grains[level](noise, size) if self.grains else 0.0)
            if level < len(bridged):
                features = features + bridged[level]
        if self.output_enlargement > 1:
            features = F.interpolate(features, scale_factor=self.output_enlargement, mode="bilinear")
        detail = self.out(features)
        ground = F.avg_pool2d(small, self.reduction)
        painted = F.interpolate(ground, scale_factor=self.reduction * self.enlargement, mode="bicubic") + detail
        if self.training or self.detail_strength == 1:
            return painted
        coarse = F.interpolate(F.avg_pool2d(painted, self.enlargement), scale_factor=self.enlargement, mode="bicubic")
        return torch.lerp(coarse, painted, self.detail_strength)


class Grain(nn.Module):
    """Spreads the noise vector over the pixels: each pixel gets its own fixed random mixture of its values."""

    directions: Float[Tensor, "n c side side"]

    def __init__(self, noise_dim: int, channels: int, side: int = 64) -> None:
        super().__init__()
        directions = torch.empty(noise_dim, channels, side, side)
        directions.normal_(std=noise_dim**-0.5, generator=torch.Generator().manual_seed(0))
        self.register_buffer("directions", directions)

    def forward(self, noise: Float[Tensor, "b n"], size: Sequence[int]) -> Float[Tensor, "b c h w"]:
        """Return noise for (height, width) pixels, each at most `side`. Normally distributed if `noise` is."""
        height, width = size
        return torch.einsum("bn,nchw->bchw", noise, self.directions[:, :, :height, :width])


class _DecoderGrain(nn.Module):
    """Grain as a bias of a decoder block's first gate; each channel learns its strength."""

    def __init__(self, noise_dim: int, grain: int, channels: int, side: int) -> None:
        super().__init__()
        self.noise_dim = noise_dim
        self.grain = Grain(noise_dim, grain, side)
        self.strengths = nn.Conv2d(grain, channels, 1, bias=False)

    def forward(self, noise: Float[Tensor, "b n"], size: Sequence[int]) -> Float[Tensor, "b c h w"]:
        return self.strengths(self.grain(noise[:, : self.noise_dim], size))
