"""Features of a dataset's real paintings, computed once per size and feature network and stored in the dataset.

The files are in the dataset's `features/`. Their names change with the pictures, the split and the network.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from einops import rearrange
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from common.data.dataset import HeldOut, PaintingDataset, Split, SplitName
from common.evaluation.features import FeatureNetwork
from common.files import whole_file
from common.shares import Share

BATCH = 32

Progress = Callable[[int], object]
"""Called with the number of pictures that were just processed."""


@dataclass(frozen=True)
class References:
    """Features of real paintings of one size."""

    train: Float[np.ndarray, "n f"]
    held_out: Float[np.ndarray, "m f"]
    held_out_mirrored: Float[np.ndarray, "m f"]


def reference_features(
    dataset: PaintingDataset,
    size: int,
    network: FeatureNetwork,
    chosen: Int[np.ndarray, "n"],
    held_out: HeldOut,
    share: Share,
    progress: Progress,
) -> References:
    """Return features of the chosen training paintings and of all held-out paintings.

    Reads them from the dataset folder. If a file is missing or damaged, all processes compute it, and it is stored if
    the folder is writable. Collective.
    """
    train = dataset.split("train", size)
    whole = _path(dataset, size, network, "train")
    if len(chosen) == len(train) or share.everywhere(_kept(whole, train, network) is not None):
        of_train = _stored(whole, train, False, network, share, progress)[chosen]
    else:
        part = hashlib.sha256(chosen.tobytes()).hexdigest()[:8]
        path = _path(dataset, size, network, f"train-{part}")
        of_train = _stored(path, train.at(chosen), False, network, share, progress)
    mirrored = _path(dataset, size, network, f"{held_out}-mirrored")
    return References(
        of_train,
        split_features(dataset, held_out, size, network, share, progress),
        _stored(mirrored, dataset.split(held_out, size), True, network, share, progress),
    )


def split_features(
    dataset: PaintingDataset, name: SplitName, size: int, network: FeatureNetwork, share: Share, progress: Progress
) -> Float[np.ndarray, "n f"]:
    """Return features of all paintings of one split, stored or computed as in `reference_features`. Collective."""
    path = _path(dataset, size, network, name)
    return _stored(path, dataset.split(name, size), False, network, share, progress)


def features_of(
    network: FeatureNetwork, batches: Iterator[UInt8[Tensor, "b 3 h w"]], progress: Progress
) -> Float[np.ndarray, "n f"]:
    """Return the features of all pictures of the batches."""
    found = [np.zeros((0, network.num_features), dtype=np.float32)]
    for images in batches:
        found.append(network(images).cpu().numpy())
        progress(len(images))
    return np.concatenate(found)


def batches_of(split: Split, places: Sequence[int]) -> Iterator[UInt8[Tensor, "b 3 h w"]]:
    """Yield the pictures at some places of a split."""
    for start in range(0, len(places), BATCH):
        yield rearrange(split.pictures(np.asarray(places[start : start + BATCH])), "b h w c -> b c h w")


def _stored(
    path: Path, split: Split, mirrored: bool, network: FeatureNetwork, share: Share, progress: Progress
) -> Float[np.ndarray, "n f"]:
    stored, own = _kept(path, split, network), share.of(len(split))
    # Another evaluation may write the file after one process has looked for it and before the next one does.
    if share.everywhere(stored is not None):
        assert stored is not None, "everywhere is here too"
        progress(len(own))
        return stored
    batches = (images.flip(3) if mirrored else images for images in batches_of(split, own))
    features = share.gather(features_of(network, batches, progress))
    if share.is_main:
        # If the disk is full or read-only, measure without storing.
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            with whole_file(path) as partial, partial.open("wb") as file:
                np.save(file, features)
    return features


def _kept(path: Path, split: Split, network: FeatureNetwork) -> Float[np.ndarray, "n f"] | None:
    """Read the features of a split from a file; return None if it is missing or damaged."""
    try:
        with path.open("rb") as file:
            features: np.ndarray = np.lib.format.read_array(file)
    except Exception:
        # For a damaged header numpy raises too many kinds of errors to list.
        return None
    fits = features.shape == (len(split), network.num_features) and features.dtype == np.float32
    return features if fits else None


def _path(dataset: PaintingDataset, size: int, network: FeatureNetwork, name: str) -> Path:
    checksums = dataset.description.checksums
    identity = "\n".join([checksums["labels.csv"], checksums[f"images-{size}.npy"], network.description])
    key = hashlib.sha256(identity.encode()).hexdigest()[:12]
    return dataset.folder / "features" / f"{network.name}-{size}-{name}-{key}.npy"
