"""Layers of both stages' networks. None looks at the other pictures of a batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn


class Gate(nn.Module):
    """Gated activation with global conditioning (van den Oord et al. 2016, eq. 2, with h = condition).

    `tanh(f + V_f y) * sigmoid(g + V_g y)`, f and g the two halves of the channels, so c leaves where 2c entered.
    V biases each channel, or, where `size` is given, each channel at each of size x size pixels. `bias` adds
    a learnt constant to V y, which the layers before the gate make superfluous unless it is one for each pixel.
    """

    def __init__(self, channels: int, condition_dim: int, size: int = 1, *, bias: bool = False) -> None:
        super().__init__()
        self.size = size
        self.condition = nn.Linear(condition_dim, 2 * channels * size * size, bias=bias)

    def forward(self, features: Float[Tensor, "b c2 h w"], condition: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        bias = rearrange(self.condition(condition), "b (c h w) -> b c h w", h=self.size, w=self.size)
        return gated(features + bias)


def gated(features: Float[Tensor, "b c2 h w"]) -> Float[Tensor, "b c h w"]:
    """`tanh(f) * sigmoid(g)`, f and g the two halves of the channels."""
    f, g = features.chunk(2, dim=1)
    return torch.tanh(f) * torch.sigmoid(g)


def initialise(network: nn.Module) -> None:
    """Give convolutions and linear layers outside the gates He et al.'s weights (2015, eq. 15) and no bias.

    torch's own default is 2.4 times smaller: a critic begins almost flat, and Adam's steps, whose size does not
    depend on the weights, are as many times too long beside them.
    """
    gates = {id(layer) for gate in network.modules() if isinstance(gate, Gate) for layer in gate.modules()}
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and id(layer) not in gates:
            nn.init.kaiming_normal_(layer.weight, a=0.2)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def picture_norm(channels: int) -> nn.GroupNorm:
    """Zero mean and unit variance over all channels and pixels of each picture (Ba et al. 2016), nothing learnt.

    Not over the channels of each pixel: where features pass through zero, that draws sharp lines along the zeros.
    """
    return nn.GroupNorm(1, channels, affine=False)


def open_convolution(in_channels: int, out_channels: int) -> nn.Conv2d:
    """3x3, with the outermost pixels repeated around the picture.

    A square cut from a picture goes on beyond its sides. With zeros there the generator learns a frame that closes
    every square, and paints it around every picture as a dark line.
    """
    return nn.Conv2d(in_channels, out_channels, 3, padding=1, padding_mode="replicate")


class GatedBlock(nn.Module):
    """Residual block with a gate at both activations; doubles the size first where `upsample` is set.

    Nothing is normalised: gates bound what they let through, and a square of a picture has the features of the whole.
    """

    def __init__(self, in_channels: int, out_channels: int, condition_dim: int, *, upsample: bool) -> None:
        super().__init__()
        self.upsample = upsample
        self.first = open_convolution(in_channels, 2 * out_channels)
        self.first_gate = Gate(out_channels, condition_dim)
        self.second = open_convolution(out_channels, 2 * out_channels)
        self.second_gate = Gate(out_channels, condition_dim)
        self.skip = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()

    def forward(
        self,
        features: Float[Tensor, "b c_in h w"],
        condition: Float[Tensor, "b k"],
        bias: Float[Tensor, "b c2 h_out w_out"] | float = 0.0,
    ) -> Float[Tensor, "b c_out h_out w_out"]:
        """`bias` is heard by the first gate, at each pixel."""
        if self.upsample:
            features = F.interpolate(features, scale_factor=2, mode="bilinear")
        hidden = self.first_gate(self.first(features) + bias, condition)
        hidden = self.second_gate(self.second(hidden), condition)
        return self.skip(features) + hidden
