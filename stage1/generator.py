"""Stage I's generator: 64-pixel pictures from a latent vector and a genre."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from common.nn.layers import Gate, Mapping, NormalisedBlock, enlarged, layer_norm, replicate_conv3x3

LABEL_SCALE = 4.0
"""Factor on the genre's one-hot vector; a latent of 128 values has length 11. With 11 all pictures of a genre were the
same, with 1 all genres looked alike."""


class Generator(nn.Module):
    """Residual blocks from 4 to 64 pixels. Every activation is a gate, conditioned on latent and genre.

    Every size adds a picture to the enlarged picture of the size before (Karras et al. 2020, figure 7b).
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        num_genres: int,
        channels: Sequence[int],
        patterns: int = 0,
        mapping: int = 0,
        modulated: bool = False,
    ) -> None:
        """`channels` are the widths at 4, 8, … pixels; the last features are enlarged to 64 pixels if needed.

        `patterns` is the rank of the gates' per-pixel bias (see `_Patterns`), 0 for none. `mapping` is the width of two
        gated layers that mix latent and genre (`common.nn.layers.Mapping`), 0 for none. `modulated` lets the condition
        scale the channels before each gate.
        """
        super().__init__()
        condition_dim = latent_dim + num_genres
        self.mapping = Mapping(condition_dim, mapping) if mapping else nn.Identity()
        condition_dim += mapping
        self.enlargement = 64 // (4 * 2 ** (len(channels) - 1))
        self.stem = nn.Linear(condition_dim, 2 * channels[0] * 4 * 4)
        self.stem_norm = layer_norm(2 * channels[0])
        self.stem_gate = Gate(channels[0], condition_dim, bias=True)
        self.blocks = nn.ModuleList(
            NormalisedBlock(
                wide,
                narrow,
                condition_dim,
                upsample="nearest",
                padding="replicate",
                modulated=modulated,
                patterns=partial(_Patterns, condition_dim, 8 * 2**number, patterns) if patterns else None,
            )
            for number, (wide, narrow) in enumerate(zip(channels[:-1], channels[1:], strict=True))
        )
        self.sketches = nn.ModuleList(nn.Conv2d(wide, 3, 1) for wide in channels[:-1])
        self.out = replicate_conv3x3(channels[-1], 3)
        # Small first weights keep tanh in its linear range.
        for to_picture in (*self.sketches, self.out):
            nn.init.normal_(to_picture.weight, std=0.02)
            nn.init.zeros_(to_picture.bias)

    def forward(self, latents: Float[Tensor, "b z"], genres: Float[Tensor, "b k"]) -> Float[Tensor, "b 3 64 64"]:
        condition = self.mapping(torch.cat([latents, LABEL_SCALE * genres], dim=1))
        features = rearrange(self.stem(condition), "b (c h w) -> b c h w", h=4, w=4)
        features = self.stem_gate(self.stem_norm(features), condition)
        # With channels last a training step is a fifth faster on a CPU, painting 1.4 times as fast.
        features = features.contiguous(memory_format=torch.channels_last)
        picture = features.new_zeros(())
        for sketch, block in zip(self.sketches, self.blocks, strict=True):
            picture = enlarged(picture + sketch(features), 2)
            features = block(features, condition)
        return torch.tanh(enlarged(picture, self.enlargement) + self.out(enlarged(features, self.enlargement)))

    def grown(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the weights that are those of a generator with narrower blocks, widened; it paints as before."""
        return {
            name: _widened(weights[name], value.shape)
            for name, value in self.state_dict().items()
            if name.startswith(("blocks.", "sketches.", "out.")) and name in weights
        }


def _widened(weight: Float[Tensor, "c_out *rest"], shape: torch.Size) -> Float[Tensor, "c_wide *rest_wide"]:
    """Repeat channels, and share out what read one among its copies (Net2Net, Chen et al. 2016).

    The shares are random, or else all copies would learn the same. Weights that would not fit are returned as they are.
    """
    if weight.ndim != len(shape) or any(wide % narrow for wide, narrow in zip(shape, weight.shape, strict=True)):
        return weight
    copies, *readers = (wide // narrow for wide, narrow in zip(shape, weight.shape, strict=True))
    weight = weight.repeat_interleave(copies, dim=0)
    if readers and readers[0] > 1:
        noise = torch.randn(*weight.shape, readers[0], generator=torch.Generator().manual_seed(0)) * weight.std()
        shares = weight[..., None] / readers[0] + noise - noise.mean(dim=-1, keepdim=True)
        weight = rearrange(shares, "o i ... copy -> o (i copy) ...")
    return weight


class _Patterns(nn.Module):
    """Adds a bias to each channel at each pixel: a learnt mix of `rank` maps, which depend on the condition.

    GANGogh's gates have a bias of full rank that depends only on the genre. Here the maps start as noise, different for
    each latent. Without them all detail comes from smooth features, whose zeros may become sharp lines
    (stage1/README.md).
    """

    def __init__(self, condition_dim: int, size: int, rank: int, channels: int) -> None:
        super().__init__()
        self.size = size
        self.maps = nn.Linear(condition_dim, rank * size * size)
        nn.init.normal_(self.maps.weight, std=condition_dim**-0.5)
        self.strengths = nn.Conv2d(rank, channels, 1, bias=False)
        nn.init.normal_(self.strengths.weight, std=0.2)

    def forward(
        self, features: Float[Tensor, "b c h w"], condition: Float[Tensor, "b k"], weights: Float[Tensor, "1 c 1 1"]
    ) -> Float[Tensor, "b c h w"]:
        maps = rearrange(self.maps(condition), "b (r h w) -> b r h w", h=self.size, w=self.size)
        # On a CPU a convolution of so few channels takes twice as long.
        for one, strengths in zip(maps.split(1, dim=1), self.strengths.weight.unbind(dim=1), strict=True):
            features = features.addcmul_(one, (weights * strengths).to(features.dtype))
        return features
