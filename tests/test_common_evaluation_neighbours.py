"""Precision, recall, density, coverage and nearest paintings against brute force and known answers."""

from __future__ import annotations

import numpy as np
import pytest

from common.evaluation.neighbours import copies, manifolds, nearest


def features(count: int, seed: int, shift: float = 0.0) -> np.ndarray:
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
    real, generated = features(40, 0), features(30, 1, shift=0.7)
    found = manifolds(real, generated, neighbours=3)
    for name, expected in by_brute_force(real, generated, 3).items():
        assert getattr(found, name).mean() == pytest.approx(expected), name


def test_equal_sets_score_one_and_distant_sets_nothing() -> None:
    real = features(50, 0)
    same, far = manifolds(real, real), manifolds(real, real + 100)
    for name in ("precision", "recall", "coverage"):
        assert getattr(same, name).mean() == 1
        assert getattr(far, name).mean() == 0
    assert far.density.mean() == 0


def test_a_generator_of_one_picture_is_precise_and_covers_nothing() -> None:
    real = features(100, 0)
    repeated = np.repeat(real[:1], 100, axis=0) + features(100, 1) * np.float32(1e-3)
    found = manifolds(real, repeated)
    assert found.precision.mean() == 1
    assert found.recall.mean() < 0.05
    assert found.coverage.mean() < 0.2


def test_sets_no_larger_than_the_neighbourhood_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 5 of each"):
        manifolds(features(5, 0), features(50, 1))


def test_the_nearest_painting_is_found_mirrored_or_not() -> None:
    collection = features(200, 0)
    upright, mirrored = features(3, 1), features(3, 2)
    upright[0], mirrored[1] = collection[17], collection[150]
    found = nearest(upright, mirrored, collection)
    assert found.places[0] == 17
    assert found.places[1] == 150
    assert found.distances[:2] == pytest.approx([0, 0], abs=1e-2)
    both = np.minimum(
        np.linalg.norm(collection - upright[2], axis=1).min(), np.linalg.norm(collection - mirrored[2], axis=1).min()
    )
    assert found.distances[2] == pytest.approx(both, rel=1e-4)


def test_one_in_a_hundred_held_out_paintings_is_a_near_copy_and_a_copyist_paints_nothing_else() -> None:
    collection, held_out = features(500, 0), features(1000, 1)
    reference = nearest(held_out, held_out, collection)
    assert copies(reference, reference).mean() == pytest.approx(0.01, abs=0.001)
    stolen = nearest(collection[:100], collection[:100], collection)
    assert copies(stolen, reference).mean() == 1
