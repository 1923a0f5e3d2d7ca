"""The judge on classes that can be told apart, and on those that cannot."""

from __future__ import annotations

import numpy as np
import pytest

from common.evaluation.distances import jackknife_deviation
from common.evaluation.judge import fit_judge, fit_replicates


def classes(count: int, centres: list[tuple[float, float]], seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(len(centres), size=count)
    return spread(np.array(centres)[labels] + random.normal(scale=0.3, size=(count, 2))), labels


def spread(points: np.ndarray) -> np.ndarray:
    """Points of a plane as features, which are many."""
    return np.tile(points, (1, 200)).astype(np.float32)


@pytest.mark.parametrize("centres", [[(0, 0), (4, 0)], [(0, 0), (4, 0), (0, 4), (4, 4)]])
def test_classes_apart_are_told_apart_on_paintings_not_seen(centres: list[tuple[float, float]]) -> None:
    judge = fit_judge(*classes(300, centres, 0))
    unseen, labels = classes(200, centres, 1)
    assert (judge(unseen) == labels).mean() > 0.98


def test_unlabelled_paintings_are_left_out_and_a_class_without_paintings_is_never_seen() -> None:
    features, labels = classes(300, [(0, 0), (4, 0), (0, 4)], 0)
    labels[labels == 1] = -1
    judge = fit_judge(features, labels)
    seen = judge(classes(200, [(0, 0), (4, 0), (0, 4)], 1)[0])
    assert set(seen.tolist()) == {0, 2}


def test_labels_that_mean_nothing_are_guessed_no_better_than_by_chance() -> None:
    features, _ = classes(600, [(0, 0), (0, 0)], 0)
    labels = np.random.default_rng(5).integers(2, size=600)
    judge = fit_judge(features, labels)
    unseen, _ = classes(600, [(0, 0), (0, 0)], 1)
    truth = np.random.default_rng(6).integers(2, size=600)
    assert abs((judge(unseen) == truth).mean() - 0.5) < 0.1


def test_replicates_scatter_as_judges_of_other_paintings_do() -> None:
    # Where no painting lies: the line between the classes, drawn on beyond them.
    asked = spread(np.random.default_rng(7).normal((2, 40), 2.0, size=(400, 2)))
    shares, deviations = [], []
    for seed in range(20):
        features, labels = classes(100, [(0, 0), (4, 0)], seed)
        replicates = fit_replicates(features, labels, np.random.default_rng(0))
        shares.append(fit_judge(features, labels)(asked).mean())
        deviations.append(jackknife_deviation(np.array([one(asked).mean() for one in replicates])))
    assert np.std(shares) / 2 < np.mean(deviations) < 2 * np.std(shares)


def test_a_replicate_that_is_left_one_class_gives_that() -> None:
    features, labels = classes(9, [(0, 0), (4, 0)], 0)
    labels[:] = 0
    labels[0] = 1
    replicates = fit_replicates(features, labels, np.random.default_rng(0))
    assert sum(set(one(features).tolist()) == {0} for one in replicates) >= 1
