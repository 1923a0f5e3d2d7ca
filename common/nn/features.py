"""The eyes of a critic: maps of a frozen network that has seen photographs (Sauer et al. 2021).

`MapReader` runs the frozen network. It belongs to no checkpoint. `MapProjection` and `MapHead` belong to the critic:
the one standardises each channel by training paintings and mixes the channels by fixed random weights, the other judges
what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

MAP_CHANNELS = (24, 40, 112, 320)
"""Channels of EfficientNet-Lite0's maps at strides 4, 8, 16 and 32."""


FITTED = 256
"""How many training paintings the channels of the maps are standardised by."""


class MapReader(nn.Module):
    """A frozen network's maps at strides 4, 8, 16 and 32 of pictures resized to `side` pixels.

    Always in evaluation mode and without gradients to its weights. The maps have gradients to the picture.
    """

    def __init__(self, stages: Iterable[nn.Module], side: int, weights: str, blur: float = 0.0) -> None:
        """`stages` run one after the other on colours of (value - 127) / 128; each ends with a map.

        `weights` names the network's weights, for exports. `blur` is the standard deviation, in pixels, of a Gaussian
        filter of the pictures. Without it most of the maps' gradients are finer than two pixels, and the generator
        learns embossed outlines.
        """
        super().__init__()
        self.stages = nn.ModuleList(_with_fast_gradients(stage) for stage in stages)
        self.side, self.weights, self.blur = side, weights, blur
        self.requires_grad_(False)
        # On a CPU depthwise convolutions are faster with channels last.
        self.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]

    def forward(
        self, images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b 3"] | None = None, zoom: float = 0.0
    ) -> list[Tensor]:
        """Return one map for each stage, [b c_k h_k w_k], of pictures in [-1, 1].

        With `draws`, uniform in [0, 1), of a random square of each picture; its side is 1 - zoom to 1 of the picture's.
        """
        size = (self.side, self.side)
        if self.blur:
            images = _blurred(images, self.blur)
        if draws is not None:
            seen = _squares(images, draws, zoom, self.side)
        elif images.shape[-2:] == size:
            seen = images
        else:
            seen = F.interpolate(images, size=size, mode="bilinear", antialias=images.shape[-1] > self.side)
        features = ((seen * 127.5 + 0.5) / 128).contiguous(memory_format=torch.channels_last)
        maps = []
        for stage in self.stages:
            features = stage(features)
            maps.append(features)
        return maps

    def train(self, mode: bool = True) -> MapReader:
        """Ignore `mode` and stay in evaluation mode: maps must not depend on the other pictures of a batch."""
        return super().train(False)


def maps_in_parts(read: Callable[[Tensor], list[Tensor]], pictures: Tensor) -> list[Tensor]:
    """Return the maps that `read` returns of some pictures, which it gets 16 at a time: all at once take 2 GB."""
    parts = [read(part) for part in torch.split(pictures, 16)]
    return [torch.cat(maps) for maps in zip(*parts, strict=True)]


def _blurred(images: Float[Tensor, "b 3 h w"], deviation: float) -> Float[Tensor, "b 3 h w"]:
    """Blur by products of matrices: on a CPU their gradients are much faster than those of depthwise convolutions."""
    rows, columns = (torch.arange(size, device=images.device) for size in images.shape[-2:])
    down, across = (torch.exp(-((place[:, None] - place) ** 2) / (2 * deviation**2)) for place in (rows, columns))
    return (down / down.sum(dim=1, keepdim=True)) @ images @ (across / across.sum(dim=1, keepdim=True)).T


def _squares(
    images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b 3"], zoom: float, side: int
) -> Float[Tensor, "b 3 side side"]:
    """Return a random square of each picture, resized to `side` pixels."""
    share = 1 - zoom * draws[:, 0]
    centre = (2 * draws[:, 1:] - 1) * (1 - share)[:, None]
    zero = torch.zeros_like(share)
    rows = torch.stack([share, zero, centre[:, 0], zero, share, centre[:, 1]], dim=1)
    matrices = rearrange(rows, "b (two three) -> b two three", two=2)
    grid = F.affine_grid(matrices, [len(images), 3, side, side], align_corners=False)
    return F.grid_sample(images.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)


class _InFloat32(nn.Module):
    """A layer that computes in float32 on a CPU, whatever the precision around it."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c_out h_out w_out"]:
        on_cpu = features.device.type == "cpu"
        with torch.autocast("cpu", enabled=torch.is_autocast_enabled("cpu") and not on_cpu):
            computed: Tensor = self.layer(features.float() if on_cpu else features)
        return computed


def _with_fast_gradients(module: nn.Module) -> nn.Module:
    """Wrap the strided depthwise convolutions: on a CPU their gradient takes 10 to 30 times as long in bfloat16."""
    for name, layer in module.named_children():
        strided = isinstance(layer, nn.Conv2d) and layer.groups > 1 and max(layer.stride) > 1
        setattr(module, name, _InFloat32(layer) if strided else _with_fast_gradients(layer))
    return module


class MapProjection(nn.Module):
    """Standardises the channels of one map and mixes them by fixed random weights (Sauer et al. 2021, section 3.2)."""

    mean: Tensor
    std: Tensor
    mixing: Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(in_channels))
        self.register_buffer("std", torch.ones(in_channels))
        self.register_buffer("mixing", torch.randn(out_channels, in_channels) / in_channels**0.5)

    @torch.no_grad()
    def fit(self, features: Float[Tensor, "b c h w"]) -> None:
        """Take each channel's mean and standard deviation from the map of some paintings."""
        channels = rearrange(features.double(), "b c h w -> (b h w) c")
        self.mean.copy_(channels.mean(dim=0))
        self.std.copy_(channels.std(dim=0).clamp(min=1e-3))

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c_out h w"]:
        weight = self.mixing / self.std
        return F.conv2d(features, weight[:, :, None, None], -weight @ self.mean)


class MapHead(nn.Module):
    """Judges one view: stride-2 convolutions down to at most 4x4, then realness and logits of all labels.

    Labels enter the score by projection (Miyato and Koyama 2018).
    """

    def __init__(self, channels: int, side: int, num_labels: int) -> None:
        """`side` is that of the view."""
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, channels, 3, padding=1), *_activation(channels)]
        while side > 4:
            layers += [nn.Conv2d(channels, channels, 4, stride=2, padding=1), *_activation(channels)]
            side //= 2
        self.features = nn.Sequential(*layers)
        self.realness = nn.Linear(channels * side * side, 1)
        self.labels = nn.Linear(channels, num_labels)
        self.embedding = nn.Linear(num_labels, channels, bias=False)

    def forward(
        self, view: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b"], Float[Tensor, "b c"], Float[Tensor, "b k"]]:
        """Return the score without labels, the features that labels are projected on, and the logits."""
        features = self.features(view)
        pooled = features.mean(dim=(2, 3))
        return self.realness(features.flatten(1)).squeeze(1), pooled, self.labels(pooled)

    def projected(self, pooled: Float[Tensor, "b c"], labels: Float[Tensor, "b k"]) -> Float[Tensor, "b"]:
        """Return what the labels add to the score."""
        return (self.embedding(labels) * pooled).sum(dim=1)


def _activation(channels: int) -> list[nn.Module]:
    # Not batch norm: batches are small, and processes would differ.
    return [nn.GroupNorm(1, channels), nn.LeakyReLU(0.2)]
