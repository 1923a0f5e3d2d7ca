"""What a training step draws, and how often each class comes."""

from __future__ import annotations

import numpy as np
import pytest

from common.data.dataset import UNLABELLED
from common.data.sampling import BalancedSampler

LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2, UNLABELLED], [60, 30, 10, 20]))


def counts(balance: float, count: int, seed: int = 0, labels: np.ndarray = LABELS) -> dict[int, int]:
    drawn = labels[BalancedSampler(labels, balance).draw(np.random.default_rng(seed), count)]
    return {int(label): int((drawn == label).sum()) for label in np.unique(labels)}


def test_without_balance_classes_come_as_often_as_they_occur() -> None:
    assert counts(0.0, 120) == {UNLABELLED: 20, 0: 60, 1: 30, 2: 10}


def test_with_full_balance_classes_come_equally_often_and_the_unlabelled_keep_their_share() -> None:
    due = counts(1.0, 120 * 3)
    assert due[UNLABELLED] == 60
    assert [due[label] for label in range(3)] == [100, 100, 100]


def test_between_the_two_a_class_comes_in_proportion_to_a_power_of_its_size() -> None:
    due = np.sqrt([60, 30, 10]) / np.sqrt([60, 30, 10]).sum() * 100_000
    drawn = counts(0.5, 120_000)
    assert [drawn[label] for label in range(3)] == pytest.approx(due, abs=2)
    assert drawn[UNLABELLED] == pytest.approx(20_000, abs=2)


@pytest.mark.parametrize("count", [1, 7, 32])
def test_every_batch_holds_each_class_as_often_as_is_its_due_to_within_two(count: int) -> None:
    due = {UNLABELLED: count / 6, 0: count * 5 / 18, 1: count * 5 / 18, 2: count * 5 / 18}
    means = dict.fromkeys(due, 0.0)
    for seed in range(300):
        drawn = counts(1.0, count, seed)
        assert all(abs(drawn[label] - due[label]) < 2 for label in due)
        means = {label: means[label] + drawn[label] / 300 for label in due}
    assert means == pytest.approx(due, abs=0.15)


def test_paintings_of_a_class_come_equally_often() -> None:
    drawn = BalancedSampler(LABELS, 1.0).draw(np.random.default_rng(0), 360_000)
    times = np.bincount(drawn, minlength=len(LABELS))
    for label, number in ((0, 60), (1, 30), (2, 10), (UNLABELLED, 20)):
        due = 60_000 / 20 if label == UNLABELLED else 100_000 / number
        assert times[label == LABELS] == pytest.approx(due, abs=2)


def test_a_batch_is_a_function_of_the_generator_and_comes_in_random_order() -> None:
    sampler = BalancedSampler(LABELS, 1.0)
    first, again, other = (sampler.draw(np.random.default_rng(seed), 60) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(set(LABELS[first[:20]].tolist())) == 4


@pytest.mark.parametrize(
    "labels", [np.full(5, UNLABELLED), np.zeros(5, dtype=np.int64), np.arange(5)], ids=["none", "one", "all apart"]
)
@pytest.mark.parametrize("balance", [0.0, 1.0])
def test_any_labels_can_be_drawn_from(labels: np.ndarray, balance: float) -> None:
    drawn = BalancedSampler(labels, balance).draw(np.random.default_rng(0), 50)
    assert np.bincount(drawn).tolist() == [10] * 5
