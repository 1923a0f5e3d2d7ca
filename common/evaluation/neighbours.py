"""Measures by nearest neighbours in features: precision, recall, density, coverage, and near-copies.

Each returns one value per picture, so that a figure is their mean and has an interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

NEIGHBOURS = 5
COPY_QUANTILE = 0.01
_ROWS = 1024


@dataclass(frozen=True)
class Manifolds:
    """One value per picture for each measure; the mean is the figure."""

    precision: Float[np.ndarray, "m"]
    """1 for a generated picture within the k-neighbourhood of a real one (Kynkäänniemi et al. 2019, eq. 1)."""
    recall: Float[np.ndarray, "n"]
    """1 for a real picture within the k-neighbourhood of a generated one."""
    density: Float[np.ndarray, "m"]
    """Number of k-neighbourhoods of real pictures that hold a generated one, over k (Naeem et al. 2020, eq. 3)."""
    coverage: Float[np.ndarray, "n"]
    """1 for a real picture with a generated one in its k-neighbourhood (Naeem et al. 2020, eq. 4)."""


def manifolds(
    real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"], neighbours: int = NEIGHBOURS
) -> Manifolds:
    """Measure both sets against each other. Raise ValueError if a set has no more than `neighbours` pictures.

    Precision and density can mislead: a few outlying real pictures have very wide neighbourhoods, in which even blurred
    pictures lie. Coverage does not have this weakness: every real picture needs a neighbour of its own.
    """
    if min(len(real), len(generated)) <= neighbours:
        raise ValueError(
            f"{len(real)} real and {len(generated)} generated pictures: more than {neighbours} of each are needed"
        )
    first, second = torch.from_numpy(np.asarray(real)), torch.from_numpy(np.asarray(generated))
    real_radii, generated_radii = _radii(first, neighbours), _radii(second, neighbours)
    between = torch.cdist(first, second)
    inside_real = between <= real_radii[:, None]
    return Manifolds(
        precision=inside_real.any(dim=0).double().numpy(),
        recall=(between <= generated_radii[None, :]).any(dim=1).double().numpy(),
        density=(inside_real.double().sum(dim=0) / neighbours).numpy(),
        coverage=inside_real.any(dim=1).double().numpy(),
    )


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


def copies(generated: Nearest, held_out: Nearest) -> Float[np.ndarray, "n"]:
    """Return 1 for each picture that is nearer to a training painting than 99 % of held-out paintings are, else 0.

    A generator that copies nothing has a mean of about 0.01; a higher mean hints at copies.
    """
    return (generated.distances < np.quantile(held_out.distances, COPY_QUANTILE)).astype(np.float64)
