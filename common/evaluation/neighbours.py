"""What nearest neighbours say of two sets of pictures: fidelity, variety, and whether a picture is a copy.

Features enter, one value a picture leaves, so that a figure is a mean with an interval.
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
    """Whether each picture lies where the other set is dense; the mean of each is the figure of that name."""

    precision: Float[np.ndarray, "m"]
    """1 for a generated picture within the k-neighbourhood of a real one (Kynkäänniemi et al. 2019, eq. 1)."""
    recall: Float[np.ndarray, "n"]
    """1 for a real picture within the k-neighbourhood of a generated one."""
    density: Float[np.ndarray, "m"]
    """In how many k-neighbourhoods of real pictures a generated one lies, over k (Naeem et al. 2020, eq. 3)."""
    coverage: Float[np.ndarray, "n"]
    """1 for a real picture with a generated one in its k-neighbourhood (Naeem et al. 2020, eq. 4)."""


def manifolds(
    real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"], neighbours: int = NEIGHBOURS
) -> Manifolds:
    """Measure both sets against each other. Raises ValueError where a set is no larger than the neighbourhood.

    Precision and density are easily fooled: a few real pictures far out have neighbourhoods so wide that mud lies
    in them. Coverage asks each real picture for a neighbour of its own and is not.
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
    """Distance from each sample to its k-th neighbour among the others."""
    distances = torch.cdist(features, features)
    distances.fill_diagonal_(0)
    return distances.kthvalue(neighbours + 1, dim=1).values


@dataclass(frozen=True)
class Nearest:
    """The nearest painting of a collection to each of n pictures."""

    distances: Float[np.ndarray, "n"]
    places: Int[np.ndarray, "n"]


def nearest(
    pictures: Float[np.ndarray, "n f"], mirrored: Float[np.ndarray, "n f"], collection: Float[np.ndarray, "m f"]
) -> Nearest:
    """Nearest by Euclidean distance of features, each picture as it is or mirrored, whichever is nearer."""
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
    """1 for each picture nearer to a training painting than all but 1 % of held-out paintings are.

    Of paintings by other hands 1 % would be; a generator with a greater share repeats what it was shown.
    """
    return (generated.distances < np.quantile(held_out.distances, COPY_QUANTILE)).astype(np.float64)
