"""FID and KID between two sets of features, computed by torchmetrics, and their confidence intervals.

`common.evaluation.features` computes the features. FID also falls as the number of samples grows: compare it at equal
numbers only. KID is unbiased.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int, Real
from torch import Tensor, nn

from common.evaluation.bootstrap import (
    WEIGHED_REPLICATES,
    Interval,
    draw_counts,
    interval_around,
    interval_of_replicates,
)

KID_SUBSET = 1000
KID_SUBSETS = 100
FID_REPLICATES = 20
KERNEL_SIDE = 512
"""Rows and columns of the kernel matrix that are computed at a time."""


def fid(real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"]) -> float:
    """Return `|mu_r - mu_g|^2 + tr(S_r + S_g - 2 (S_r S_g)^1/2)`, in squared feature units (Heusel et al. 2017, eq. 6).

    For equal sets rounding may give slightly less than 0. Raise ValueError for fewer than two samples in a set.
    """
    if min(len(real), len(generated)) < 2:
        raise ValueError(
            f"FID needs at least 2 pictures in each set, got {len(real)} real and {len(generated)} generated"
        )
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=_FeaturesAsGiven(real.shape[1]), sync_on_compute=False)
    metric.update(torch.from_numpy(np.asarray(real)), real=True)
    metric.update(torch.from_numpy(np.asarray(generated)), real=False)
    return float(metric.compute())


class FidInterval:
    """Intervals of FIDs against one real set; computes the square root of its covariance once."""

    def __init__(self, real: Float[np.ndarray, "n f"]) -> None:
        features = torch.from_numpy(np.asarray(real))
        self._mean = features.mean(dim=0)
        centred = features - self._mean
        covariance = (centred.T @ centred).double() / (len(features) - 1)
        values, vectors = torch.linalg.eigh(covariance)
        self._root = (vectors * values.clamp(min=0).sqrt() @ vectors.T).float()
        self._trace = float(covariance.trace())

    def distance(self, generated: Float[Tensor, "m f"], counts: Float[Tensor, "m"]) -> float:
        """Return the FID of a set that holds sample i counts[i] times.

        `tr (S_r S_g)^1/2` is the sum of the singular values of `A S_r^1/2`, where `S_g = A^T A`.
        """
        total = float(counts.sum())
        mean = (counts @ generated) / total
        centred = (generated - mean) * (counts.sqrt() / (total - 1) ** 0.5)[:, None]
        spread = centred @ self._root
        # Both products have the same nonzero eigenvalues; take the smaller matrix.
        product = spread @ spread.T if len(spread) < spread.shape[1] else spread.T @ spread
        singular_values = torch.linalg.eigvalsh(product.double()).clamp(min=0).sqrt()
        traces = self._trace + float(centred.square().sum(dtype=torch.float64))
        return float((mean - self._mean).square().sum()) + traces - 2 * float(singular_values.sum())

    def around(self, value: float, generated: Float[np.ndarray, "m f"], random: np.random.Generator) -> Interval:
        """Return the interval of a FID over other samples of the generator; the real set stays fixed."""
        features = torch.from_numpy(np.asarray(generated))

        def replicate(counts: Int[np.ndarray, "m"]) -> float:
            return self.distance(features, torch.from_numpy(counts).float())

        return interval_around(value, replicate, len(generated), random, FID_REPLICATES)


@dataclass(frozen=True)
class Kid:
    """A kernel inception distance and its spread."""

    value: float
    spread: float
    """Standard deviation over random subsets of the samples."""
    subset: int
    """Number of samples that a subset takes from each set."""


def kid(real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"], *, seed: int) -> Kid:
    """Return the mean squared kernel distance over subsets (Binkowski et al. 2018), unbiased for any set size."""
    from torchmetrics.image.kid import KernelInceptionDistance

    # At most half of the smaller set: subsets of the whole set would all be equal.
    subset = min(KID_SUBSET, min(len(real), len(generated)) // 2)
    with warnings.catch_warnings():
        # It warns that it keeps all features in memory. They already are.
        warnings.simplefilter("ignore", UserWarning)
        metric = KernelInceptionDistance(
            feature=_FeaturesAsGiven(real.shape[1]), subsets=KID_SUBSETS, subset_size=subset, sync_on_compute=False
        )
    metric.update(torch.from_numpy(np.asarray(real)), real=True)
    metric.update(torch.from_numpy(np.asarray(generated)), real=False)
    # torchmetrics draws its subsets from the global random state.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed % 2**63)
        mean, spread = metric.compute()
    return Kid(float(mean), float(spread), subset)


def kid_of_all(real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"]) -> float:
    """Return the kernel distance between the whole sets, without the noise of drawing subsets."""
    return float(_distances(real, generated, np.ones((1, len(real))), np.ones((1, len(generated))))[0])


def kid_interval(
    value: float, real: Float[np.ndarray, "n f"], generated: Float[np.ndarray, "m f"], random: np.random.Generator
) -> Interval:
    """Return the interval of a KID over other samples of both sets."""
    lengths = len(generated), len(real)
    draws = [[draw_counts(length, random) for length in lengths] for _ in range(WEIGHED_REPLICATES)]
    generated_counts, real_counts = (np.stack(counts) for counts in zip(*draws, strict=True))
    return interval_of_replicates(value, _distances(real, generated, real_counts, generated_counts))


def _distances(
    real: Float[np.ndarray, "n f"],
    generated: Float[np.ndarray, "m f"],
    real_counts: Real[np.ndarray, "r n"],
    generated_counts: Real[np.ndarray, "r m"],
) -> Float64[np.ndarray, "r"]:
    """Return unbiased kernel distances, one per replicate, of sets that hold each sample as often as counted."""
    first, second = torch.from_numpy(np.asarray(real)), torch.from_numpy(np.asarray(generated))
    counts = torch.from_numpy(real_counts).float(), torch.from_numpy(generated_counts).float()
    (first_total, first_squares), (second_total, second_squares) = (
        (of.sum(dim=1, dtype=torch.float64), of.square().sum(dim=1, dtype=torch.float64)) for of in counts
    )
    within_first = _within(first, counts[0]) / (first_total.square() - first_squares)
    within_second = _within(second, counts[1]) / (second_total.square() - second_squares)
    between = _between(first, second, *counts) / (first_total * second_total)
    distances: np.ndarray = (within_first + within_second - 2 * between).numpy()
    return distances


def _within(features: Float[Tensor, "n f"], counts: Float[Tensor, "r n"]) -> Float64[Tensor, "r"]:
    """Return sums of the kernel over all ordered pairs of different samples; computes one half, as it is symmetric."""
    from torchmetrics.image.kid import poly_kernel

    total = torch.zeros(len(counts), dtype=torch.float64)
    for start in range(0, len(features), KERNEL_SIDE):
        end = start + KERNEL_SIDE
        some, drawn = features[start:end], counts[:, start:end]
        total += _weighed(poly_kernel(some, some).fill_diagonal_(0), drawn, drawn)
        total += 2 * _between(some, features[end:], drawn, counts[:, end:])
    return total


def _between(
    first: Float[Tensor, "n f"],
    second: Float[Tensor, "m f"],
    first_counts: Float[Tensor, "r n"],
    second_counts: Float[Tensor, "r m"],
) -> Float64[Tensor, "r"]:
    """Return sums of the kernel `(x.y / f + 1)^3` over all pairs, weighted by the counts of both samples.

    Computes the kernel matrix in blocks: for many samples the whole matrix would take gigabytes.
    """
    from torchmetrics.image.kid import poly_kernel

    total = torch.zeros(len(first_counts), dtype=torch.float64)
    rows = zip(torch.split(first, KERNEL_SIDE), torch.split(first_counts, KERNEL_SIDE, dim=1), strict=True)
    for some, drawn in rows:
        columns = zip(torch.split(second, KERNEL_SIDE), torch.split(second_counts, KERNEL_SIDE, dim=1), strict=True)
        for others, also_drawn in columns:
            total += _weighed(poly_kernel(some, others), drawn, also_drawn)
    return total


def _weighed(
    kernel: Float[Tensor, "n m"], first_counts: Float[Tensor, "r n"], second_counts: Float[Tensor, "r m"]
) -> Float64[Tensor, "r"]:
    return ((first_counts @ kernel) * second_counts).sum(dim=1, dtype=torch.float64)


class _FeaturesAsGiven(nn.Module):
    """Takes the place of torchmetrics' network and returns float64: torchmetrics rounds its result to that type."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Float[Tensor, "b f"]) -> Float64[Tensor, "b f"]:
        return features.double()
