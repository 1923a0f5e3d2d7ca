"""Distances between sets of features, nearest neighbours among them, and the confidence intervals of all figures.

FID falls as the number of samples grows: compare it at equal numbers only. KID is unbiased. Intervals are those of the
bootstrap (Efron 1979), for shares Wilson's (1927), and of the jackknife (Tukey 1958).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64, Int, Real
from torch import Tensor, nn

from common.evaluation.features import Features

Interval = tuple[float, float]
"""Low and high end of a 95 % interval: the range of a figure over other samples of the same size."""
KID_SUBSET = 1000
KID_SUBSETS = 100
KERNEL_SIDE = 512
"""Rows and columns of the kernel matrix that are computed at a time: whole, it would take gigabytes."""
REPLICATES = 1000
WEIGHED_REPLICATES = 50
"""Replicates of a statistic that takes seconds to compute; of FID, which takes longer, FID_REPLICATES."""
FID_REPLICATES = 20
NORMAL_95 = 1.96
NEIGHBOURS = 5
COPY_QUANTILE = 0.01
"""Share of held-out paintings that are as near to a training painting as a near-copy is."""
PICTURE_PARTS = 8
"""Parts of the pictures, each left out once for the jackknife of recall and coverage."""

Manifolds = dict[str, Float[np.ndarray, "_"]]
"""`precision`, `recall`, `density` and `coverage`, one value per picture; the mean is the figure."""
Nearest = tuple[Float[np.ndarray, "_ j"], Int[np.ndarray, "_ j"]]
"""Distances in features, and indices, of the j nearest paintings of a collection for each of n pictures."""


def fid(real: Features, generated: Features) -> float:
    """Return `|mu_r - mu_g|^2 + tr(S_r + S_g - 2 (S_r S_g)^1/2)`, in squared units (Heusel et al. 2017, eq. 6)."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=_AsGiven(real.shape[1]), sync_on_compute=False)
    return float(_computed(metric, real, generated))


def kid(real: Features, generated: Features, *, seed: int) -> float:
    """Return the mean squared kernel distance over subsets (Binkowski et al. 2018), unbiased for any set size."""
    from torchmetrics.image.kid import KernelInceptionDistance

    # At most half of the smaller set: subsets of the whole set would all be equal.
    subset = min(KID_SUBSET, min(len(real), len(generated)) // 2)
    # It warns that it keeps all features in memory. They already are.
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        metric = KernelInceptionDistance(nn.Identity(), KID_SUBSETS, subset, sync_on_compute=False)
    # torchmetrics draws its subsets from the global random state.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed % 2**63)
        return float(_computed(metric, real, generated)[0])


def _computed(metric: Any, real: Features, generated: Features) -> Any:
    # torchmetrics rounds its result to the type of the features.
    metric.update(torch.from_numpy(real).double(), real=True)
    metric.update(torch.from_numpy(generated).double(), real=False)
    return metric.compute()


class _AsGiven(nn.Identity):
    """Takes the place of torchmetrics' network."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features


def kid_of_all(real: Features, generated: Features) -> float:
    """Return the kernel distance between the whole sets, without the noise of drawing subsets."""
    return float(_kernel_distances(real, generated, np.ones((1, len(real))), np.ones((1, len(generated))))[0])


def interval_of_mean(values: Float[np.ndarray, "n"], random: np.random.Generator) -> Interval:
    """Return the percentile interval of a mean, or Wilson's interval (1927) if all values are 0 or 1.

    Resampling gives a share of 0 or 1 an interval of no width, however few the samples; Wilson's has a width.
    """
    from scipy.stats import binomtest

    mean, count = float(np.mean(values)), len(values)
    if np.isin(values, (0, 1)).all():
        low, high = binomtest(int(np.sum(values)), count).proportion_ci(method="wilson")
    else:
        counts = random.multinomial(count, np.full(count, 1 / count), size=REPLICATES)
        low, high = np.quantile(counts @ np.asarray(values, dtype=np.float64) / count, [0.025, 0.975])
    # By rounding, the mean may lie slightly outside.
    return min(float(low), mean), max(float(high), mean)


def interval_around(
    value: float,
    statistic: Callable[[Int[np.ndarray, "n"]], float],
    count: int,
    random: np.random.Generator,
    replicates: int = WEIGHED_REPLICATES,
) -> Interval:
    """Return a normal interval around `value`, from the spread of `statistic` over samples drawn with replacement.

    `statistic` takes the number of times that each of `count` samples was drawn. A distance between sets grows when
    samples repeat, so the mean of the replicates is biased. Their spread is not: the interval is centred on `value`.
    """
    return _normal(value, np.array([statistic(_draw_counts(count, random)) for _ in range(replicates)]))


def kid_interval(value: float, real: Features, generated: Features, random: np.random.Generator) -> Interval:
    """Return the interval of a KID over other samples of both sets."""
    lengths = len(generated), len(real)
    draws = [[_draw_counts(length, random) for length in lengths] for _ in range(WEIGHED_REPLICATES)]
    generated_counts, real_counts = (np.stack(counts) for counts in zip(*draws, strict=True))
    return _normal(value, _kernel_distances(real, generated, real_counts, generated_counts))


def jackknife_deviation(replicates: Float[np.ndarray, "g"]) -> float:
    """Return the standard deviation of a figure, from g replicates that each leave out one of g parts."""
    groups = len(replicates)
    return float(np.sqrt((groups - 1) / groups * np.square(replicates - np.mean(replicates)).sum()))


def widened(interval: Interval, share: float, deviation: float, *, independent: bool) -> Interval:
    """Widen the interval of a share by an independent standard deviation, or else at least to the interval of that."""
    half = NORMAL_95 * deviation
    if independent:
        low, high = share - np.hypot(share - interval[0], half), share + np.hypot(interval[1] - share, half)
    else:
        low, high = min(interval[0], share - half), max(interval[1], share + half)
    return float(max(low, 0.0)), float(min(high, 1.0))


def _normal(value: float, replicates: Float[np.ndarray, "r"]) -> Interval:
    spread = float(np.std(replicates, ddof=1))
    return value - NORMAL_95 * spread, value + NORMAL_95 * spread


def _draw_counts(count: int, random: np.random.Generator) -> Int[np.ndarray, "n"]:
    """Draw `count` of `count` samples with replacement; return how often each was drawn."""
    return random.multinomial(count, np.full(count, 1 / count))


def fast_fid(real: Features, generated: Features) -> Callable[[Int[np.ndarray, "m"]], float]:
    """Return the FID to `real` if generated picture i counts counts[i] times; takes one matrix root for all counts."""
    features, pictures = torch.from_numpy(real), torch.from_numpy(generated)
    real_mean = features.mean(dim=0)
    centred = features - real_mean
    covariance = (centred.T @ centred).double() / (len(features) - 1)
    values, vectors = torch.linalg.eigh(covariance)
    root = (vectors * values.clamp(min=0).sqrt() @ vectors.T).float()

    def distance(drawn: Int[np.ndarray, "m"]) -> float:
        counts = torch.from_numpy(drawn).float()
        total = float(counts.sum())
        mean = (counts @ pictures) / total
        centred = (pictures - mean) * (counts.sqrt() / (total - 1) ** 0.5)[:, None]
        # With S_g = A^T A, `tr (S_r S_g)^1/2` is the sum of the singular values of A S_r^1/2.
        spread = centred @ root
        # Both products have the same nonzero eigenvalues; take the smaller matrix.
        product = spread @ spread.T if len(spread) < spread.shape[1] else spread.T @ spread
        singular_values = torch.linalg.eigvalsh(product.double()).clamp(min=0).sqrt()
        traces = float(covariance.trace()) + float(centred.square().sum(dtype=torch.float64))
        return float((mean - real_mean).square().sum()) + traces - 2 * float(singular_values.sum())

    return distance


def _kernel_distances(
    real: Features, generated: Features, real_counts: Real[np.ndarray, "r n"], generated_counts: Real[np.ndarray, "r m"]
) -> Float64[np.ndarray, "r"]:
    """Return unbiased kernel distances, one per replicate, of sets that hold each sample as often as counted."""
    sets = torch.from_numpy(real), torch.from_numpy(generated)
    counts = torch.from_numpy(real_counts).float(), torch.from_numpy(generated_counts).float()
    totals = [drawn.sum(dim=1, dtype=torch.float64) for drawn in counts]
    within = [
        _kernel_sums(features, features, drawn, drawn)
        / (total.square() - drawn.square().sum(dim=1, dtype=torch.float64))
        for features, drawn, total in zip(sets, counts, totals, strict=True)
    ]
    between = _kernel_sums(*sets, *counts) / (totals[0] * totals[1])
    distances: np.ndarray = (within[0] + within[1] - 2 * between).numpy()
    return distances


def _kernel_sums(
    first: Float[Tensor, "n f"],
    second: Float[Tensor, "m f"],
    first_counts: Float[Tensor, "r n"],
    second_counts: Float[Tensor, "r m"],
) -> Float64[Tensor, "r"]:
    """Sum the kernel `(x.y / f + 1)^3` over all pairs, within a set of different samples, weighted by both counts."""
    from torchmetrics.image.kid import poly_kernel

    within = first is second
    total = torch.zeros(len(first_counts), dtype=torch.float64)
    for row in range(0, len(first), KERNEL_SIDE):
        # Within a set the kernel is symmetric: one half is enough.
        for column in range(row if within else 0, len(second), KERNEL_SIDE):
            rows, columns = slice(row, row + KERNEL_SIDE), slice(column, column + KERNEL_SIDE)
            kernel = poly_kernel(first[rows], second[columns])
            if within and row == column:
                kernel.fill_diagonal_(0)
            sums = ((first_counts[:, rows] @ kernel) * second_counts[:, columns]).sum(dim=1, dtype=torch.float64)
            total += 2 * sums if within and row < column else sums
    return total


def manifolds(real: Features, generated: Features, neighbours: int = NEIGHBOURS) -> Manifolds:
    """Measure both sets, of more than `neighbours` pictures each, against each other (k is `neighbours`).

    Precision is 1 for a generated picture within the k-neighbourhood of a real one, recall the reverse (Kynkäänniemi et
    al. 2019, eq. 1). Density counts the neighbourhoods of real pictures that hold a generated one, over k. Coverage is
    1 for a real picture with a generated one in its neighbourhood (Naeem et al. 2020, eq. 3 and 4).
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
    """Measure each set of pictures that leaves out one of PICTURE_PARTS random parts of `generated`."""
    parts = random.permutation(len(generated)) % PICTURE_PARTS
    return [manifolds(real, generated[parts != part]) for part in range(PICTURE_PARTS)]


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
    sides = (torch.split(torch.from_numpy(side), KERNEL_SIDE * 2) for side in (pictures, mirrored))
    for both in zip(*sides, strict=True):
        squares = (lengths - 2 * some @ stored.T + some.square().sum(dim=1)[:, None] for some in both)
        found = torch.minimum(*squares).topk(count, dim=1, largest=False)
        distances.append(found.values.clamp(min=0).sqrt().double().numpy())
        places.append(found.indices.numpy())
    return np.concatenate(distances), np.concatenate(places)
