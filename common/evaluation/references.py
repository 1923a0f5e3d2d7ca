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
    """Return features of the chosen training paintings and of all held-out paintings, as `split_features` does."""
    return References(
        split_features(dataset, "train", size, network, share, progress, chosen=chosen),
        split_features(dataset, held_out, size, network, share, progress),
        split_features(dataset, held_out, size, network, share, progress, mirrored=True),
    )


def split_features(
    dataset: PaintingDataset,
    name: SplitName,
    size: int,
    network: FeatureNetwork,
    share: Share,
    progress: Progress,
    *,
    chosen: Int[np.ndarray, "n"] | None = None,
    mirrored: bool = False,
) -> Float[np.ndarray, "n f"]:
    """Return features of the paintings of one split, of all or of the chosen ones.

    Reads them from the dataset folder. If the file is missing or damaged, all processes compute it, and it is stored if
    the folder is writable. Collective.
    """
    split = dataset.split(name, size)
    path = _path(dataset, size, network, f"{name}-mirrored" if mirrored else name)
    stored = _kept(path, split, network)
    # Another evaluation may write the file after one process has looked for it and before the next one does.
    found = share.everywhere(stored is not None)
    if not found and chosen is not None and len(chosen) < len(split):
        split, part = split.at(chosen), hashlib.sha256(chosen.tobytes()).hexdigest()[:8]
        path, chosen = _path(dataset, size, network, f"{name}-{part}"), None
        stored = _kept(path, split, network)
        found = share.everywhere(stored is not None)
    own = share.of(len(split))
    if found:
        assert stored is not None, "everywhere is here too"
        features = stored
        progress(len(own))
    else:
        batches = (images.flip(3) if mirrored else images for images in batches_of(split, own))
        features = share.gather(features_of(network, batches, progress))
        if share.is_main:
            # If the disk is full or read-only, measure without storing.
            with contextlib.suppress(OSError):
                path.parent.mkdir(exist_ok=True)
                with whole_file(path) as partial, partial.open("wb") as file:
                    np.save(file, features)
    return features if chosen is None else features[chosen]


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
