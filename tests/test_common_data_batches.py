"""What a training step draws, how often each class comes, and a process's rows of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from common.data.batches import BalancedSampler, BatchStream
from common.data.dataset import UNLABELLED, PaintingDataset
from common.randomness import Purpose

POSITIONS = np.array([3, 0, 7, 7, 1, 5])


def stream(rows: slice, seed: int = 0) -> BatchStream:
    return BatchStream(seed=seed, batch_size=6, rows=rows, device=torch.device("cpu"))


WHOLE = stream(slice(0, 6))
HALVES = stream(slice(0, 3)), stream(slice(3, 6))


@pytest.mark.parametrize("shape", [(), (5,)])
def test_two_halves_of_the_random_numbers_are_those_of_the_whole(shape: tuple[int, ...]) -> None:
    halves = [half.uniform(Purpose.FLIP, 4, *shape) for half in HALVES]
    assert [half.shape for half in halves] == [(3, *shape), (3, *shape)]
    assert torch.equal(torch.cat(halves), WHOLE.uniform(Purpose.FLIP, 4, *shape))
    assert not torch.equal(*halves)
    assert not torch.equal(WHOLE.uniform(Purpose.FLIP, 4), WHOLE.uniform(Purpose.FLIP, 5))
    assert not torch.equal(WHOLE.uniform(Purpose.FLIP, 4), stream(slice(0, 6), seed=1).uniform(Purpose.FLIP, 4))


def test_two_halves_of_the_pictures_are_those_of_the_whole(dataset: PaintingDataset) -> None:
    split = dataset.split("train", 64)
    mirrored = torch.tensor([True, False, False, True, True, False])
    halves = [half.pictures(split, POSITIONS, part) for half, part in zip(HALVES, mirrored.chunk(2), strict=True)]
    assert torch.equal(torch.cat(halves), WHOLE.pictures(split, POSITIONS, mirrored))


def test_rows_of_an_array_keep_their_values_and_their_kind() -> None:
    batch = np.arange(12, dtype=np.float32).reshape(6, 2)
    taken = HALVES[1].take(batch)
    assert taken.dtype == torch.float32
    assert taken.tolist() == [[6, 7], [8, 9], [10, 11]]
    assert HALVES[0].take(batch[:, 0] > 3).tolist() == [False, False, True]


def test_mirrored_pictures_run_from_right_to_left_and_the_others_as_stored(dataset: PaintingDataset) -> None:
    split = dataset.split("train", 64)
    mirrored = torch.tensor([True, False, True, False, True, False])
    pictures = WHOLE.pictures(split, POSITIONS, mirrored)
    stored = split.pictures(POSITIONS).permute(0, 3, 1, 2) / 127.5 - 1
    assert pictures.numpy()[mirrored] == pytest.approx(stored.numpy()[mirrored, :, :, ::-1])
    assert pictures.numpy()[~mirrored] == pytest.approx(stored.numpy()[~mirrored])


def test_one_row_in_so_many_is_the_same_rows_however_the_batch_is_divided() -> None:
    assert WHOLE.one_in(2).tolist() == [0, 2, 4]
    assert [part.one_in(2).tolist() for part in HALVES] == [[0, 2], [1]]
    assert WHOLE.one_in(1).tolist() == [0, 1, 2, 3, 4, 5]


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


def test_a_class_with_a_share_of_its_own_has_it_and_the_others_keep_their_proportions() -> None:
    sampler = BalancedSampler(LABELS, 0.0, {2: 0.5})
    drawn = LABELS[sampler.draw(np.random.default_rng(0), 1200)]
    found = [int((drawn == label).sum()) for label in (UNLABELLED, 0, 1, 2)]
    assert found == pytest.approx([200, 1000 / 3, 500 / 3, 500], abs=2)


@pytest.mark.parametrize("count", [1, 7, 32])
def test_every_batch_holds_each_class_as_often_as_is_its_due_to_within_two(count: int) -> None:
    due = {UNLABELLED: count / 6, 0: count * 5 / 18, 1: count * 5 / 18, 2: count * 5 / 18}
    drawn = [counts(1.0, count, seed) for seed in range(300)]
    assert all(abs(some[label] - due[label]) < 2 for some in drawn for label in due)
    assert {label: sum(some[label] for some in drawn) / 300 for label in due} == pytest.approx(due, abs=0.15)


def test_a_batch_is_a_function_of_the_generator_and_comes_in_random_order() -> None:
    sampler = BalancedSampler(LABELS, 1.0)
    first, again, other = (sampler.draw(np.random.default_rng(seed), 60) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(set(LABELS[first[:20]].tolist())) == 4


def test_a_painting_of_several_classes_is_an_equal_part_of_each() -> None:
    # 30 paintings of class 0, 10 of class 1, 20 of both: 40 and 20 in all.
    labels = np.array([[0, UNLABELLED]] * 30 + [[1, UNLABELLED]] * 10 + [[0, 1]] * 20)
    everything = BalancedSampler(labels, 0.0).draw(np.random.default_rng(0), 60)
    assert sorted(everything.tolist()) == list(range(60))
    drawn = BalancedSampler(labels, 1.0).draw(np.random.default_rng(0), 60_000)
    kinds = [int((drawn < 30).sum()), int(((drawn >= 30) & (drawn < 40)).sum()), int((drawn >= 40).sum())]
    assert kinds == pytest.approx([30_000 * 30 / 40, 30_000 * 10 / 20, 10 * (30_000 / 40 + 30_000 / 20)], abs=3)
    plain = np.array([0, 1, 1, UNLABELLED, 0, 1])
    padded = np.stack([plain, np.full(6, UNLABELLED)], axis=1)
    one, other = (BalancedSampler(some, 0.7).draw(np.random.default_rng(3), 50) for some in (plain, padded))
    assert np.array_equal(one, other)
