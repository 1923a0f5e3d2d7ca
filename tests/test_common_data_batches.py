"""A process's rows of a batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from common.data.batches import BatchStream
from common.data.dataset import PaintingDataset
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


def test_every_process_draws_the_whole_batch_alike() -> None:
    drawn = [part.random(Purpose.REAL_BATCH, 2).random(6).tolist() for part in (*HALVES, WHOLE)]
    assert drawn[0] == drawn[1] == drawn[2]


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
