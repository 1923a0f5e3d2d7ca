"""FID, KID and neighbours against independent computations, and intervals against what statistics says they are."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch

from common.evaluation import distances
from common.evaluation.distances import (
    FID_REPLICATES,
    WEIGHED_REPLICATES,
    fast_fid,
    fid,
    interval_around,
    interval_of_mean,
    jackknife_deviation,
    kid,
    kid_interval,
    kid_of_all,
    manifolds,
    nearest,
    widened,
)

F = 6


def features(count: int, seed: int, *, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(count, F)) * scale + shift).astype(np.float32)


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Heusel et al. 2017, eq. 6, by scipy's matrix square root."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    covariances = [np.cov(one, rowvar=False) for one in (first, second)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    shift = first.mean(0) - second.mean(0)
    return float(shift @ shift + np.trace(covariances[0] + covariances[1] - 2 * root))


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Binkowski et al. 2018, the unbiased estimate, term by term."""

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x.astype(np.float64) @ y.astype(np.float64).T / F + 1) ** 3

    def within(x: np.ndarray) -> float:
        values = kernel(x, x)
        return float((values.sum() - np.trace(values)) / (len(x) * (len(x) - 1)))

    return within(first) + within(second) - 2 * float(kernel(first, second).mean())


def test_fid_of_a_shifted_set_is_the_squared_shift() -> None:
    real = features(100, 0)
    assert fid(real, real) == pytest.approx(0, abs=1e-6)
    assert fid(real, real + np.float32(2)) == pytest.approx(F * 4, rel=1e-5)


def test_fid_equals_an_independent_matrix_square_root() -> None:
    real, generated = features(300, 0), features(200, 1, shift=0.5, scale=2.0)
    assert fid(real, generated) == pytest.approx(frechet_distance(real, generated), rel=1e-6)


def test_the_interval_of_a_fid_is_scattered_around_the_fid() -> None:
    real, generated = features(400, 0), features(300, 1, shift=0.5)
    value = fid(real, generated)
    low, high = interval_around(value, fast_fid(real, generated), 300, np.random.default_rng(0), FID_REPLICATES)
    assert low < value < high
    others = [fid(real, features(300, seed, shift=0.5)) for seed in range(2, 42)]
    assert high - low == pytest.approx(2 * 1.96 * float(np.std(others)), rel=0.5)


def test_the_fast_fid_of_the_intervals_is_the_fid() -> None:
    real, generated = features(300, 0), features(200, 1, shift=0.5)
    assert fast_fid(real, generated)(np.ones(200, dtype=np.int64)) == pytest.approx(fid(real, generated), rel=1e-4)


def test_kid_equals_the_sum_over_all_pairs() -> None:
    real, generated = features(150, 0), features(120, 1, shift=0.5)
    expected = kernel_distance(real, generated)
    assert kid_of_all(real, generated) == pytest.approx(expected, abs=1e-6)
    assert kid(real, generated, seed=0) == pytest.approx(expected, rel=0.05)


def test_kid_of_halves_of_one_distribution_is_zero_within_its_interval() -> None:
    real, generated = features(400, 0), features(400, 1)
    low, high = kid_interval(kid_of_all(real, generated), real, generated, np.random.default_rng(0))
    assert low < 0 < high
    far = features(400, 2, shift=0.3)
    assert kid_interval(kid_of_all(real, far), real, far, np.random.default_rng(0))[0] > 0


@pytest.mark.parametrize("side", [7, 40, 512])
def test_kid_and_its_interval_are_the_same_by_squares_as_by_whole_kernels(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distances, "KERNEL_SIDE", side)
    real, generated = features(50, 0), features(80, 1, shift=0.5)
    value, random, shares = kernel_distance(real, generated), np.random.default_rng(0), []
    for _ in range(WEIGHED_REPLICATES):
        second, first = (random.multinomial(count, np.full(count, 1 / count)) for count in (80, 50))
        shares.append(drawn_kernel_distance(real, generated, first, second))
    half = 1.96 * np.std(shares, ddof=1)
    interval = kid_interval(value, real, generated, np.random.default_rng(0))
    assert interval == pytest.approx((value - half, value + half), abs=1e-6)
    assert kid_of_all(real, generated) == pytest.approx(value, abs=1e-6)


def drawn_kernel_distance(first: np.ndarray, second: np.ndarray, *counts: np.ndarray) -> float:
    """Of sets in which samples repeat; none meets itself or its own like."""
    one, other = (x.astype(np.float64) for x in (first, second))

    def within(x: np.ndarray, drawn: np.ndarray) -> float:
        kernel = (x @ x.T / F + 1) ** 3
        np.fill_diagonal(kernel, 0)
        return float(drawn @ kernel @ drawn) / float(drawn.sum() ** 2 - np.square(drawn).sum())

    between = counts[0] @ (one @ other.T / F + 1) ** 3 @ counts[1] / (counts[0].sum() * counts[1].sum())
    return within(one, counts[0]) + within(other, counts[1]) - 2 * float(between)


def test_kid_is_the_same_for_the_same_seed_and_leaves_the_global_stream_alone() -> None:
    real, generated = features(150, 0), features(120, 1)
    state = torch.random.get_rng_state()
    assert kid(real, generated, seed=3) == kid(real, generated, seed=3)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_interval_of_a_mean_is_two_standard_errors_either_way() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=400)
    low, high = interval_of_mean(values, np.random.default_rng(1))
    error = values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.3 * error)


@pytest.mark.parametrize("value", [2.4, 0.1, 1.7])
def test_the_interval_of_equal_values_holds_their_mean(value: float) -> None:
    values = np.full(12, value)
    low, high = interval_of_mean(values, np.random.default_rng(0))
    assert low <= values.mean() <= high


def test_the_interval_of_a_share_of_nothing_is_wilsons() -> None:
    low, high = interval_of_mean(np.zeros(24), np.random.default_rng(0))
    assert (low, high) == (0, pytest.approx(3.841459 / (24 + 3.841459), rel=1e-6))


def test_an_interval_lies_around_its_value_though_resampling_is_biased() -> None:
    low, high = interval_around(200.0, lambda counts: float((counts > 0).sum()), 200, np.random.default_rng(1))
    assert (low + high) / 2 == pytest.approx(200)
    assert 0 < high - low < 30


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=200)
    without = [np.delete(values, place).mean() for place in range(200)]
    assert jackknife_deviation(np.array(without)) == pytest.approx(values.std(ddof=1) / 200**0.5)


def test_reasons_to_scatter_add_up_as_squares_and_a_share_stays_one() -> None:
    assert widened((0.47, 0.53), 0.5, 0.04 / 1.96, independent=True) == pytest.approx((0.45, 0.55))
    assert widened((0.47, 0.53), 0.5, 0.01 / 1.96, independent=False) == pytest.approx((0.47, 0.53))
    assert widened((0.47, 0.53), 0.5, 0.04 / 1.96, independent=False) == pytest.approx((0.46, 0.54))
    assert widened((0.9, 1.0), 0.97, 0.2, independent=True)[1] == 1


def points(count: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(count, 5)) + shift).astype(np.float32)


def by_brute_force(real: np.ndarray, generated: np.ndarray, k: int) -> dict[str, float]:
    def distance(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.sqrt(((x.astype(np.float64) - y.astype(np.float64)) ** 2).sum()))

    def radius(place: int, among: np.ndarray) -> float:
        return sorted(distance(among[place], other) for p, other in enumerate(among) if p != place)[k - 1]

    real_radii = [radius(place, real) for place in range(len(real))]
    generated_radii = [radius(place, generated) for place in range(len(generated))]
    inside = [[distance(r, g) <= real_radii[i] for g in generated] for i, r in enumerate(real)]
    table = np.array(inside)
    reached = [any(distance(r, g) <= generated_radii[j] for j, g in enumerate(generated)) for r in real]
    return {
        "precision": table.any(axis=0).mean(),
        "density": table.sum() / (k * len(generated)),
        "coverage": table.any(axis=1).mean(),
        "recall": float(np.mean(reached)),
    }


def test_the_four_measures_equal_brute_force() -> None:
    real, generated = points(40, 0), points(30, 1, shift=0.7)
    found = manifolds(real, generated, neighbours=3)
    for name, expected in by_brute_force(real, generated, 3).items():
        assert found[name].mean() == pytest.approx(expected), name


def test_equal_sets_score_one_and_distant_sets_nothing() -> None:
    real = points(50, 0)
    same, far = manifolds(real, real), manifolds(real, real + 100)
    for name in ("precision", "recall", "coverage"):
        assert same[name].mean() == 1
        assert far[name].mean() == 0
    assert far["density"].mean() == 0


def test_a_generator_of_one_picture_is_precise_and_covers_nothing() -> None:
    real = points(100, 0)
    repeated = np.repeat(real[:1], 100, axis=0) + points(100, 1) * np.float32(1e-3)
    found = manifolds(real, repeated)
    assert found["precision"].mean() == 1
    assert found["recall"].mean() < 0.05
    assert found["coverage"].mean() < 0.2


def test_the_nearest_painting_is_found_mirrored_or_not() -> None:
    collection = points(200, 0)
    upright, mirrored = points(3, 1), points(3, 2)
    upright[0], mirrored[1] = collection[17], collection[150]
    distances, places = nearest(upright, mirrored, collection, 3)
    assert places[:2, 0].tolist() == [17, 150]
    assert distances[:2, 0] == pytest.approx([0, 0], abs=1e-2)
    both = np.minimum(*(np.linalg.norm(collection - side[2], axis=1) for side in (upright, mirrored)))
    assert distances[2] == pytest.approx(np.sort(both)[:3], rel=1e-4)
