"""Features of pictures, one vector each, for `distances.py` and others; those of real paintings are computed once.

A distance between two sets of pictures depends on the feature network, so each one has a `description` that every
report prints. Features of real paintings are stored in the dataset's `features/`, under names that change with the
pictures, the split and the network.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import pickle
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from common.backbones import EfficientNetLite, fingerprint, load_efficientnet_lite
from common.data.dataset import PaintingDataset, Split, SplitName
from common.errors import UserError, missing_package, suggest
from common.files import whole_file
from common.shares import Share

Features = Float[np.ndarray, "_ f"]
"""One row for each of some pictures."""
INCEPTION_WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"
"""The name of torch-fidelity's cached weights file."""


def load_feature_network(name: str, weights: Path | None = None, device: torch.device | str = "cpu") -> FeatureNetwork:
    """Load the feature network of that name to the device.

    `weights` replaces the network's own weights. Raise UserError if the name is unknown, a package is not installed, or
    the file holds other weights.
    """
    builders: dict[str, Callable[[Path | None], FeatureNetwork]] = {
        "efficientnet-lite0": partial(_load_efficientnet_lite, "efficientnet-lite0"),
        "efficientnet-lite2": partial(_load_efficientnet_lite, "efficientnet-lite2"),
        "inception": _load_inception,
    }
    if name not in builders:
        raise UserError(f"unknown feature network {name!r}{suggest(name, builders)}")
    try:
        return builders[name](weights).to(device)
    except (pickle.UnpicklingError, EOFError, RuntimeError, TypeError) as error:
        # The file is no checkpoint, is truncated, holds code, or belongs to another network.
        place = weights or "the download"
        raise UserError(f"{place} does not hold the weights of {name}; give others with --features-weights") from error


def default_feature_network() -> str:
    """Return `inception` if its weights are already downloaded, else `efficientnet-lite2`.

    Never a network whose maps a critic may read: it would favour the pictures that it taught.
    """
    weights = Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION_WEIGHTS
    installed = importlib.util.find_spec("torch_fidelity") is not None
    return "inception" if installed and weights.is_file() else "efficientnet-lite2"


class FeatureNetwork(nn.Module):
    """A frozen network from uint8 pictures of any size to float32 features, always in evaluation mode.

    `network` takes uint8 [b 3 h w], resizes and normalises them, and returns [b f], where f is `num_features`. `name`
    is that of `--features`. `description` is a line for reports: network, weights, input size, how it resizes.
    """

    def __init__(self, name: str, network: nn.Module, *, num_features: int, description: str) -> None:
        super().__init__()
        self.name, self.num_features, self.description = name, num_features, description
        self.network = network
        self.requires_grad_(False)
        self.eval()

    def forward(self, images: UInt8[Tensor, "b 3 h w"]) -> Float[Tensor, "b f"]:
        """Return features on the network's device, the CPU if it has no weights."""
        device = next((parameter.device for parameter in self.parameters()), torch.device("cpu"))
        # A caller's autocast would compute the features in bfloat16.
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            features: Tensor = self.network(images.to(device))
        return features


def split_features(
    dataset: PaintingDataset,
    name: SplitName,
    size: int,
    network: FeatureNetwork,
    share: Share,
    *,
    chosen: Int[np.ndarray, "n"] | None = None,
    mirrored: bool = False,
) -> Features:
    """Return features of the paintings of one split, of all or of the chosen ones. Collective.

    They are read from the dataset folder. If the file is missing or damaged, all processes compute and store it.
    """
    split = dataset.split(name, size)
    everything = np.arange(len(split))
    chosen = everything if chosen is None else chosen
    identity = f"{dataset.description.identity_of(size)}\n{network.description}"
    key = hashlib.sha256(identity.encode()).hexdigest()[:12]
    # Each file by the last part of its name, the paintings that it holds, and the rows to take from it.
    files = [("-mirrored" if mirrored else "", everything, chosen)]
    if len(chosen) < len(split):
        files.append((f"-{hashlib.sha256(chosen.tobytes()).hexdigest()[:8]}", chosen, np.arange(len(chosen))))
    for part, places, rows in files:
        path = dataset.folder / "features" / f"{network.name}-{size}-{name}{part}-{key}.npy"
        stored = _read(path, (len(places), network.num_features))
        # Another evaluation may write the file after one process has looked for it and before the next one does.
        if all(share.gather([stored is not None])) and stored is not None:
            return stored[rows]
    batches = (pictures_at(split, places[own]) for own in share.batches(len(places)))
    features = features_of(network, (images.flip(3) if mirrored else images for images in batches), share)
    if share.process == 0:
        # If the disk is full or read-only, measure without storing.
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            with whole_file(path) as partial, partial.open("wb") as file:
                np.save(file, features)
    return features[rows]


def features_of(network: FeatureNetwork, own: Iterable[UInt8[Tensor, "b 3 h w"]], share: Share) -> Features:
    """Return the features of all pictures, of which each process gives its own batches. Collective."""
    return np.concatenate(share.gather([network(images).cpu().numpy() for images in own]))


def pictures_at(split: Split, places: Sequence[int] | Int[np.ndarray, "b"]) -> UInt8[Tensor, "b 3 h w"]:
    """Return the pictures at some places of a split."""
    return rearrange(split.pictures(np.asarray(places)), "b h w c -> b c h w")


def _read(path: Path, shape: tuple[int, int]) -> Features | None:
    """Read features from a file; return None if it is missing, damaged or of another shape."""
    try:
        with path.open("rb") as file:
            features: np.ndarray = np.lib.format.read_array(file)
    except Exception:
        # For a damaged header numpy raises too many kinds of errors to list.
        return None
    return features if features.shape == shape and features.dtype == np.float32 else None


class _EfficientNetLite(nn.Module):
    """EfficientNet-Lite (Liu 2020) up to its last pooling, from uint8 pictures to pooled features."""

    def __init__(self, backbone: Any, input_size: int) -> None:
        super().__init__()
        self.backbone, self.input_size = backbone, input_size

    def forward(self, images: UInt8[Tensor, "b 3 h w"]) -> Float[Tensor, "b f"]:
        features = []
        # On a CPU the activations of 8 pictures fit into the cache. With 64 pictures the speed is half.
        for some in torch.split(images, 8 if images.device.type == "cpu" else max(len(images), 1)):
            pixels = some.to(torch.float32, memory_format=torch.channels_last)
            pixels = F.interpolate(pixels, size=(self.input_size,) * 2, mode="bilinear", antialias=True)
            # MEAN_RGB and STDDEV_RGB of efficientnet_lite_builder.py, which are not ImageNet's own.
            maps: Tensor = self.backbone.extract_features((pixels - 127.0) / 128.0)
            features.append(reduce(maps, "b f h w -> b f", "mean"))
        return torch.cat(features)


def _load_efficientnet_lite(name: EfficientNetLite, weights: Path | None) -> FeatureNetwork:
    network, of = load_efficientnet_lite(name, weights, instead="choose --features inception")
    description = (
        f"EfficientNet-Lite{name[-1]} trained on ImageNet, 1280 pooled features, weights {of}, "
        "whole picture resized to 224x224, bilinear with antialias"
    )
    return FeatureNetwork(name, _EfficientNetLite(network, input_size=224), num_features=1280, description=description)


def _load_inception(weights: Path | None) -> FeatureNetwork:
    # If torch-fidelity is installed, torchmetrics imports it, and torchvision with it.
    if importlib.util.find_spec("torch_fidelity") is None:
        other = "choose --features efficientnet-lite2"
        raise missing_package("inception", "torch_fidelity", extra="inception", instead=other)
    try:
        from torchmetrics.image.fid import NoTrainInceptionV3
    except RuntimeError as error:
        raise missing_package("inception", "a torchvision for this torch", extra="inception") from error
    if weights is not None:
        # torch-fidelity unpickles any file, even code. Make sure first that the file holds only tensors.
        torch.load(weights, map_location="cpu", weights_only=True)
    path = None if weights is None else str(weights)
    try:
        network = NoTrainInceptionV3("inception-v3-compat", ["2048"], path, antialias=True)
    except OSError as error:
        raise UserError(
            f"the weights of inception could not be downloaded ({error}); "
            f"download torch-fidelity's {INCEPTION_WEIGHTS} and give its path with --features-weights"
        ) from error
    description = (
        "Inception-v3 (2015-12-05) trained on ImageNet, 2048 pooled features, weights "
        f"{'of torch-fidelity' if weights is None else fingerprint(weights)}, "
        "whole picture resized to 299x299, bilinear with antialias"
    )
    return FeatureNetwork("inception", network, num_features=2048, description=description)
