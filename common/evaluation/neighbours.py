"""Measures by nearest neighbours in features: precision, recall, density, coverage, and the nearest paintings.

`Collection` shows pictures beside the training paintings nearest to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from common.data.dataset import PaintingDataset
from common.evaluation.features import FeatureNetwork, default_feature_network, load_feature_network
from common.evaluation.references import BATCH, features_of, split_features
from common.images import as_pictures, captioned_grid
from common.shares import Share

NEIGHBOURS = 5
COPY_QUANTILE = 0.01
"""Share of held-out paintings that are as near to a training painting as a near-copy is."""
JACKKNIFE_PARTS = 8
SHOWN = 4
"""Number of paintings beside each picture of a sheet."""
TITLE = 40
"""Most characters of a painting's caption."""
_ROWS = 1024


Manifolds = dict[str, Float[np.ndarray, "_"]]
"""`precision`, `recall`, `density` and `coverage`, one value per picture; the mean is the figure."""


def manifolds(
    real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"], neighbours: int = NEIGHBOURS
) -> Manifolds:
    """Measure both sets, of more than `neighbours` pictures each, against each other (k is `neighbours`).

    Precision is 1 for a generated picture within the k-neighbourhood of a real one, recall the reverse (Kynkäänniemi et
    al. 2019, eq. 1). Density counts the neighbourhoods of real pictures that hold a generated one, over k. Coverage is
    1 for a real picture with a generated one in its neighbourhood (Naeem et al. 2020, eq. 3 and 4). Precision and
    density can mislead: a few outlying real pictures have very wide neighbourhoods, in which even blurred ones lie.
    """
    first, second = torch.from_numpy(np.asarray(real)), torch.from_numpy(np.asarray(generated))
    real_radii, generated_radii = _radii(first, neighbours), _radii(second, neighbours)
    between = torch.cdist(first, second)
    inside_real = between <= real_radii[:, None]
    return {
        "precision": inside_real.any(dim=0).double().numpy(),
        "recall": (between <= generated_radii[None, :]).any(dim=1).double().numpy(),
        "density": (inside_real.double().sum(dim=0) / neighbours).numpy(),
        "coverage": inside_real.any(dim=1).double().numpy(),
    }


def jackknifed_manifolds(
    real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"], random: np.random.Generator
) -> list[Manifolds]:
    """Measure each set of pictures that leaves out one of JACKKNIFE_PARTS random parts of `generated`."""
    parts = random.permutation(len(generated)) % JACKKNIFE_PARTS
    return [manifolds(real, generated[parts != part]) for part in range(JACKKNIFE_PARTS)]


def _radii(features: Float[Tensor, "n f"], neighbours: int) -> Float[Tensor, "n"]:
    """Return the distance from each sample to its k-th nearest neighbour among the others."""
    distances = torch.cdist(features, features)
    distances.fill_diagonal_(0)
    return distances.kthvalue(neighbours + 1, dim=1).values


@dataclass(frozen=True)
class Nearest:
    """The nearest painting of a collection for each of n pictures: its distance and its index."""

    distances: Float[np.ndarray, "n"]
    places: Int[np.ndarray, "n"]


def nearest(
    pictures: Float[np.ndarray, "n f"], mirrored: Float[np.ndarray, "n f"], collection: Float[np.ndarray, "m f"]
) -> Nearest:
    """Find the nearest painting by Euclidean distance of features, of the picture or its mirror image."""
    stored = torch.from_numpy(np.asarray(collection))
    lengths = stored.square().sum(dim=1)
    distances, places = [], []
    for start in range(0, len(pictures), _ROWS):
        both = []
        for features in (pictures, mirrored):
            some = torch.from_numpy(np.asarray(features[start : start + _ROWS]))
            both.append((lengths - 2 * some @ stored.T + some.square().sum(dim=1)[:, None]).min(dim=1))
        own, other = both
        values = torch.minimum(own.values, other.values)
        distances.append(values.clamp(min=0).sqrt().double().numpy())
        places.append(torch.where(own.values <= other.values, own.indices, other.indices).numpy())
    return Nearest(np.concatenate(distances), np.concatenate(places))


def copy_threshold(held_out: Nearest) -> float:
    """Return the distance below which a picture is a near-copy: 1 % of held-out paintings are nearer, by chance."""
    return float(np.quantile(held_out.distances, COPY_QUANTILE))


def several_nearest(
    pictures: Float[np.ndarray, "n f"],
    mirrored: Float[np.ndarray, "n f"],
    collection: Float[np.ndarray, "m f"],
    count: int,
) -> tuple[Float[np.ndarray, "n j"], Int[np.ndarray, "n j"]]:
    """Return distances and indices of the `count` nearest paintings, of each picture or its mirror image."""
    stored = torch.from_numpy(collection)
    either = torch.minimum(*(torch.cdist(torch.from_numpy(side), stored) for side in (pictures, mirrored)))
    found = either.topk(count, dim=1, largest=False)
    return found.values.numpy(), found.indices.numpy()


class Collection:
    """The training paintings of a dataset, to find the nearest of a picture."""

    def __init__(self, dataset: PaintingDataset, size: int, network: FeatureNetwork) -> None:
        """Raise UserError if the dataset has no copies of `size` pixels."""
        self._dataset, self._network, self._size = dataset, network, size
        self._train = dataset.split("train", size)

    @classmethod
    def opened(cls, folder: Path, size: int, device: torch.device) -> Collection:
        """Open a dataset folder with the default feature network. Raise UserError if either is missing."""
        return cls(PaintingDataset(folder), size, load_feature_network(default_feature_network(), device=device))

    def sheet(self, pictures: Sequence[Image.Image], captions: Sequence[str]) -> Image.Image:
        """Return a sheet with a row per picture: the picture, then the paintings nearest to it or its mirror image.

        Each painting's caption shows its distance in features. The features of the paintings are stored in the dataset.
        """
        with tqdm(total=len(self._train), unit="painting", disable=None, dynamic_ncols=True, leave=False) as progress:
            stored = split_features(self._dataset, "train", self._size, self._network, Share(), progress.update)
        pixels = torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures]))
        images = rearrange(pixels, "b h w c -> b c h w")
        features, mirrored = (
            features_of(self._network, iter(torch.split(side, BATCH)), lambda _: None)
            for side in (images, images.flip(3))
        )
        distances, places = several_nearest(features, mirrored, stored, min(SHOWN, len(stored)))
        rows = self._train.rows.cpu().numpy()
        tiles: list[Image.Image] = []
        words: list[str] = []
        for picture, caption, near, away in zip(pictures, captions, places, distances, strict=True):
            tiles += [picture, *as_pictures(self._train.pictures(near).cpu().numpy())]
            titles = [shorten(title, TITLE, placeholder=" …") for title in self._dataset.captions(rows[near].tolist())]
            words += [caption, *(f"{distance:.1f}\n{title}" for distance, title in zip(away, titles, strict=True))]
        return captioned_grid(tiles, words, 1 + places.shape[1])
