"""The judge on classes that can be told apart, and on those that cannot."""

from __future__ import annotations

import numpy as np
import pytest

from common.evaluation.judge import confusion, fit_judge


def classes(count: int, centres: list[tuple[float, float]], seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(len(centres), size=count)
    return (np.array(centres)[labels] + random.normal(scale=0.3, size=(count, 2))).astype(np.float32), labels


@pytest.mark.parametrize("centres", [[(0, 0), (4, 0)], [(0, 0), (4, 0), (0, 4), (4, 4)]])
def test_classes_apart_are_told_apart_on_paintings_not_seen(centres: list[tuple[float, float]]) -> None:
    judge = fit_judge(*classes(300, centres, 0), len(centres), np.random.default_rng(0))
    unseen, labels = classes(200, centres, 1)
    assert (judge.classify(unseen) == labels).mean() > 0.98


def test_unlabelled_paintings_are_left_out_and_a_class_without_paintings_is_never_seen() -> None:
    features, labels = classes(300, [(0, 0), (4, 0), (0, 4)], 0)
    labels[labels == 1] = -1
    judge = fit_judge(features, labels, 3, np.random.default_rng(0))
    seen = judge.classify(classes(200, [(0, 0), (4, 0), (0, 4)], 1)[0])
    assert set(seen.tolist()) == {0, 2}


def test_labels_that_mean_nothing_are_guessed_no_better_than_by_chance() -> None:
    features, _ = classes(600, [(0, 0), (0, 0)], 0)
    labels = np.random.default_rng(5).integers(2, size=600)
    judge = fit_judge(features, labels, 2, np.random.default_rng(0))
    unseen, _ = classes(600, [(0, 0), (0, 0)], 1)
    truth = np.random.default_rng(6).integers(2, size=600)
    assert abs((judge.classify(unseen) == truth).mean() - 0.5) < 0.1


def test_a_confusion_table_counts_what_was_asked_by_row() -> None:
    table = confusion(np.array([0, 0, 1, -1, 2]), np.array([0, 1, 1, 1, 0]), 3)
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
