"""The penalty of a step at some of its pictures."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from common.data.batches import BatchStream
from common.runs.penalty import sparse_penalty

SLOPES = torch.tensor([0.0, 2.0, 3.0, 4.0])


def scores_of(pictures: Tensor, places: Tensor) -> Tensor:
    """A critic whose slope at each picture is known by its place."""
    return SLOPES[places] * pictures[:, 0, 0, 0]


@pytest.mark.parametrize(
    ("every", "one_sided", "expected"),
    [
        (1, False, [1.0, 1.0, 4.0, 9.0]),
        (1, True, [0.0, 1.0, 4.0, 9.0]),
        (2, False, [2.0, 0.0, 8.0, 0.0]),
        (2, True, [0.0, 0.0, 8.0, 0.0]),
    ],
)
def test_some_pictures_are_penalised_as_often_as_they_stand_for(
    every: int, one_sided: bool, expected: list[float]
) -> None:
    stream = BatchStream(seed=0, batch_size=4, rows=slice(0, 4), device=torch.device("cpu"))
    real, fake = torch.randn(2, 4, 3, 2, 2)
    penalty = sparse_penalty(scores_of, stream, 0, every, real, fake, one_sided=one_sided)
    torch.testing.assert_close(penalty, torch.tensor(expected))
