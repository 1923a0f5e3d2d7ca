"""Stage I's generator: latent and genre in, 64-pixel paintings out; `stage1.critic` judges them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from common.nn.layers import Gate, GatedBlock, initialise, picture_norm


class Generator(nn.Module):
    """Residual generator from 4 to 64 pixels whose every activation is a gate that hears genre and latent."""

    def __init__(self, *, latent_dim: int, num_genres: int, channels: Sequence[int]) -> None:
        """`channels` are the widths at 4, 8, 16, 32 and 64 pixels."""
        super().__init__()
        condition_dim = latent_dim + num_genres
        self.stem = nn.Linear(condition_dim, 2 * channels[0] * 4 * 4)
        self.stem_norm = picture_norm(2 * channels[0])
        self.stem_gate = Gate(channels[0], condition_dim)
        self.blocks = nn.ModuleList(
            GatedBlock(narrow, wide, condition_dim, upsample=True)
            for narrow, wide in zip(channels[:-1], channels[1:], strict=True)
        )
        self.out_norm = picture_norm(channels[-1])
        self.out = nn.Conv2d(channels[-1], 3, 3, padding=1)
        initialise(self)
        # A small start: tanh is not yet bent, and every colour is a small step away.
        nn.init.normal_(self.out.weight, std=0.02)

    def forward(self, latents: Float[Tensor, "b z"], genres: Float[Tensor, "b k"]) -> Float[Tensor, "b 3 64 64"]:
        # A one-hot is as long as one latent coordinate: scaled up, the genre speaks as loudly as all of them.
        condition = torch.cat([latents, genres * latents.shape[1] ** 0.5], dim=1)
        features = rearrange(self.stem(condition), "b (c h w) -> b c h w", h=4, w=4)
        features = self.stem_gate(self.stem_norm(features), condition)
        for block in self.blocks:
            features = block(features, condition)
        return torch.tanh(self.out(self.out_norm(features)))
