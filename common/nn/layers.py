"""Layers of both stages' networks. None of them mixes the pictures of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn


class Gate(nn.Module):
    """Gated activation with global conditioning (van den Oord et al. 2016, eq. 2, with h = condition).

    `tanh(f + V_f y) * sigmoid(g + V_g y)`, where f and g are the two halves of the channels: 2c channels in, c out.
    V y is one bias for each channel or, if `size` is above 1, one for each channel and each of size x size pixels.
    `bias` adds a learnt constant to V y; leave it out if the layer before the gate already adds one.
    """

    def __init__(self, channels: int, condition_dim: int, size: int = 1, *, bias: bool = False) -> None:
        super().__init__()
        self.size = size
        self.condition = nn.Linear(condition_dim, 2 * channels * size * size, bias=bias)

    def forward(self, features: Float[Tensor, "b c2 h w"], condition: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        bias = rearrange(self.condition(condition), "b (c h w) -> b c h w", h=self.size, w=self.size)
        return gated(features + bias)


def gated(features: Float[Tensor, "b c2 *size"]) -> Float[Tensor, "b c *size"]:
    """Return `tanh(f) * sigmoid(g)`, where f and g are the two halves of the channels."""
    return gated_steep(features * steepness(features))


def steepness(features: Float[Tensor, "b c2 *size"]) -> Float[Tensor, "_ c2 *ones"]:
    """Return the factors that `gated_steep` expects in its channels.

    A caller that scales a map anyway multiplies them in there: on a CPU a large map costs by how often it is read.
    """
    # Half precision would lose digits in 1 - 2 sigmoid(-2 f).
    steep = [-2.0, 1.0] if features.dtype == torch.float32 else [1.0, 1.0]
    factors = features.new_tensor(steep).repeat_interleave(features.shape[1] // 2)
    return factors.view(1, -1, *[1] * (features.ndim - 2))


def gated_steep(features: Float[Tensor, "b c2 *size"]) -> Float[Tensor, "b c *size"]:
    """Return `tanh(f) * sigmoid(g)` of channels that were multiplied by their `steepness`. Overwrites them."""
    # On a CPU, half a map with channels last takes two to three times as long to read as its share of the whole.
    if features.dtype == torch.float32:
        # tanh(f) = 1 - 2 sigmoid(-2 f): one function of the whole map.
        f, g = features.sigmoid_().chunk(2, dim=1)
        return torch.addcmul(g, f, g, value=-2)
    f, g = features.chunk(2, dim=1)
    if features.ndim == 4 and features.is_contiguous(memory_format=torch.channels_last):
        f, g = (half.contiguous(memory_format=torch.channels_last) for half in (f, g))
    return torch.tanh(f) * torch.sigmoid(g)


def enlarged(features: Float[Tensor, "b c h w"], times: int) -> Float[Tensor, "b c h_out w_out"]:
    """Enlarge a map bilinearly."""
    return F.interpolate(features, scale_factor=times, mode="bilinear") if times > 1 else features


def layer_norm(channels: int) -> nn.GroupNorm:
    """Normalise over all channels and pixels of each picture (Ba et al. 2016), without learnt parameters.

    Normalising each pixel over its channels would draw sharp lines where the features pass through zero.
    """
    return nn.GroupNorm(1, channels, affine=False)


def replicate_conv3x3(in_channels: int, out_channels: int) -> nn.Conv2d:
    """Return a 3x3 convolution that pads with the outermost pixels.

    With zero padding a generator paints a frame around every picture, as a dark line.
    """
    return nn.Conv2d(in_channels, out_channels, 3, padding=1, padding_mode="replicate")


class EnlargingConvolution(nn.Conv2d):
    """A bilinear enlargement, then a 3x3 convolution that pads with the outermost pixels; computed at the small size.

    Both are linear, so each of the times x times pixels that a small one becomes has 3x3 small pixels as its source. On
    a CPU that is several times as fast as a convolution of the enlarged map. Unlike weights that are free for each of
    these pixels (a pixel shuffle), it draws no grid.
    """

    def __init__(self, in_channels: int, out_channels: int, times: int) -> None:
        super().__init__(in_channels, out_channels, 3)
        self.times = times

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c_out h_out w_out"]:
        near = torch.arange(-1, 2, device=features.device)
        # The place of each tap, in small pixels from the centre of the middle one, and how much of each it sees.
        taps = (torch.arange(self.times, device=features.device)[:, None] + near + 0.5) / self.times - 0.5
        sources = (1 - (taps[:, :, None] - near).abs()).relu()
        weight = torch.einsum("ytu,xsv,octs->oyxcuv", sources, sources, self.weight)
        assert self.bias is not None
        bias = self.bias.repeat_interleave(self.times**2)
        padded = F.pad(features, (1, 1, 1, 1), mode="replicate")
        return F.pixel_shuffle(F.conv2d(padded, weight.flatten(0, 2), bias), self.times)


class Mapping(nn.Module):
    """Two gated layers whose output joins the condition, so that a label can change what noise means.

    Gates add noise and labels; without these layers one latent has the same forms in every genre.
    """

    def __init__(self, condition_dim: int, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(condition_dim, 2 * width), nn.Linear(width, 2 * width)
        for layer in (self.first, self.second):
            nn.init.normal_(layer.weight, std=2 * layer.in_features**-0.5)

    def forward(self, condition: Float[Tensor, "b k"]) -> Float[Tensor, "b k_out"]:
        mixed = gated(self.second(gated(self.first(condition))))
        return torch.cat([2 * mixed, condition], dim=1)


class NormalisedBlock(nn.Module):
    """Residual block of two normalised gated convolutions; doubles the size first if `upsample` names how.

    It enlarges before the convolution; a strided transposed convolution would leave a grid.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        condition_dim: int,
        *,
        upsample: Literal["", "nearest", "bilinear"] = "",
        modulated: bool,
        patterns: Callable[[int], nn.Module] | None = None,
        padding: Literal["zeros", "replicate"] = "zeros",
    ) -> None:
        """`modulated` lets the condition scale the channels before each gate; `padding` is the 3x3 convolutions'.

        `patterns`, given a number of channels, returns a module `(features, condition, weights) -> features`, which
        adds a bias for each channel at each pixel, times the channel's weight, before each gate. It may add in place.
        """
        super().__init__()
        self.upsample = upsample
        self.skip = nn.Conv2d(in_channels, out_channels, 1)
        self.first = _GatedConvolution(in_channels, out_channels, condition_dim, modulated, patterns, padding)
        self.second = _GatedConvolution(out_channels, out_channels, condition_dim, modulated, patterns, padding)

    def forward(
        self, features: Float[Tensor, "b c_in h w"], condition: Float[Tensor, "b k"]
    ) -> Float[Tensor, "b c_out h_out w_out"]:
        carried = self.skip(features)
        if self.upsample:
            carried, features = enlarged(carried, 2), F.interpolate(features, scale_factor=2, mode=self.upsample)
        carried = self.first(features, condition).add_(carried)
        return self.second(carried, condition).add_(carried)


class _GatedConvolution(nn.Module):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        condition_dim: int,
        modulated: bool,
        patterns: Callable[[int], nn.Module] | None,
        padding: Literal["zeros", "replicate"],
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, 2 * out_channels, 3, padding=1, padding_mode=padding)
        self.norm = layer_norm(2 * out_channels)
        self.scales = nn.Linear(condition_dim, 2 * out_channels) if modulated else None
        if self.scales is not None:
            nn.init.normal_(self.scales.weight, std=0.3 * condition_dim**-0.5)
            nn.init.zeros_(self.scales.bias)
        self.patterns = patterns(2 * out_channels) if patterns else None
        self.gate = Gate(out_channels, condition_dim, bias=True)

    def forward(
        self, features: Float[Tensor, "b c_in h w"], condition: Float[Tensor, "b k"]
    ) -> Float[Tensor, "b c_out h w"]:
        features = self.norm(self.convolution(features))
        steep = steepness(features)
        weights = scales = steep
        if self.scales is not None:
            # Normalised features drive half of all gates into saturation, which draws outlines: halve them.
            weights = 0.5 * steep
            scales = weights * (1 + self.scales(condition)[:, :, None, None])
        bias = steep * self.gate.condition(condition)[:, :, None, None]
        features = torch.addcmul(bias, features, scales.to(features.dtype))
        return gated_steep(features if self.patterns is None else self.patterns(features, condition, weights))
