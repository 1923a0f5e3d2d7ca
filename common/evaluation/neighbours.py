"""Measures by nearest neighbours in features: precision, recall, density, coverage, and the nearest paintings.

`nearest_sheet` shows pictures beside the training paintings nearest to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from common.data.dataset import PaintingDataset
from common.evaluation.features import FeatureNetwork, Features, features_of, split_features
from common.images import as_pictures, captioned_grid
from common.shares import BATCH, Share

NEIGHBOURS = 5
COPY_QUANTILE = 0.01
"""Share of held-out paintings that are as near to a training painting as a near-copy is."""
JACKKNIFE_PARTS = 8
SHOWN = 4
"""Number of paintings beside each picture of a sheet."""
TITLE = 40
"""Most characters of a painting's caption."""
_ROWS = 1024

Nearest = tuple[Float[np.ndarray, "_ j"], Int[np.ndarray, "_ j"]]
"""Distances in features, and indices, of the j nearest paintings of a collection for each of n pictures."""
Manifolds = dict[str, Float[np.ndarray, "_"]]
"""`precision`, `recall`, `density` and `coverage`, one value per picture; the mean is the figure."""


def manifolds(real: Features, generated: Features, neighbours: int = NEIGHBOURS) -> Manifolds:
    """Measure both sets, of more than `neighbours` pictures each, against each other (k is `neighbours`).

    Precision is 1 for a generated picture within the k-neighbourhood of a real one, recall the reverse (Kynkäänniemi et
    al. 2019, eq. 1). Density counts the neighbourhoods of real pictures that hold a generated one, over k. Coverage is
    1 for a real picture with a generated one in its neighbourhood (Naeem et al. 2020, eq. 3 and 4). Precision and
    density can mislead: a few outlying real pictures have very wide neighbourhoods, in which even blurred ones lie.
    """
    first, second = torch.from_numpy(real), torch.from_numpy(generated)
    real_radii, generated_radii = _radii(first, neighbours), _radii(second, neighbours)
    between = torch.cdist(first, second)
    inside_real = between <= real_radii[:, None]
    return {
        "precision": inside_real.any(dim=0).double().numpy(),
        "recall": (between <= generated_radii[None, :]).any(dim=1).double().numpy(),
        "density": (inside_real.double().sum(dim=0) / neighbours).numpy(),
        "coverage": inside_real.any(dim=1).double().numpy(),
    }


def jackknifed_manifolds(real: Features, generated: Features, random: np.random.Generator) -> list[Manifolds]:
    """Measure each set of pictures that leaves out one of JACKKNIFE_PARTS random parts of `generated`."""
    parts = random.permutation(len(generated)) % JACKKNIFE_PARTS
    return [manifolds(real, generated[parts != part]) for part in range(JACKKNIFE_PARTS)]


def _radii(features: Float[Tensor, "n f"], neighbours: int) -> Float[Tensor, "n"]:
    """Return the distance from each sample to its k-th nearest neighbour among the others."""
    distances = torch.cdist(features, features)
    distances.fill_diagonal_(0)
    return distances.kthvalue(neighbours + 1, dim=1).values


def nearest(pictures: Features, mirrored: Features, collection: Features, count: int = 1) -> Nearest:
    """Find the `count` nearest paintings by Euclidean distance of features, of each picture or its mirror image."""
    stored = torch.from_numpy(collection)
    lengths = stored.square().sum(dim=1)
    distances, places = [], []
    sides = (torch.split(torch.from_numpy(side), _ROWS) for side in (pictures, mirrored))
    for both in zip(*sides, strict=True):
        squares = (lengths - 2 * some @ stored.T + some.square().sum(dim=1)[:, None] for some in both)
        found = torch.minimum(*squares).topk(count, dim=1, largest=False)
        distances.append(found.values.clamp(min=0).sqrt().double().numpy())
        places.append(found.indices.numpy())
    return np.concatenate(distances), np.concatenate(places)


def copy_threshold(held_out: Float[np.ndarray, "m j"]) -> float:
    """Return the distance below which a picture is a near-copy: 1 % of held-out paintings are nearer, by chance."""
    return float(np.quantile(held_out, COPY_QUANTILE))


def nearest_sheet(
    dataset: PaintingDataset,
    size: int,
    network: FeatureNetwork,
    pictures: Sequence[Image.Image],
    captions: Sequence[str],
) -> Image.Image:
    """Return a sheet with a row per picture: it, then the training paintings nearest to it or its mirror image.

    Each painting's caption shows its distance in features. The features of the paintings are stored in the dataset.
    """
    train, stored = dataset.split("train", size), split_features(dataset, "train", size, network, Share())
    images = rearrange(torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])), "b h w c -> b c h w")
    features, mirrored = (features_of(network, torch.split(side, BATCH), Share()) for side in (images, images.flip(3)))
    distances, places = nearest(features, mirrored, stored, min(SHOWN, len(stored)))
    tiles: list[Image.Image] = []
    words: list[str] = []
    for picture, caption, near, away in zip(pictures, captions, places, distances, strict=True):
        tiles += [picture, *as_pictures(train.pictures(near).cpu().numpy())]
        titles = dataset.captions(train.rows.cpu().numpy()[near].tolist())
        shown = [shorten(title, TITLE, placeholder=" …") for title in titles]
        words += [caption, *(f"{distance:.1f}\n{title}" for distance, title in zip(away, shown, strict=True))]
    return captioned_grid(tiles, words, 1 + places.shape[1])
