"""A training step's share of a batch: every process draws the whole batch alike and takes its own rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from common.data.dataset import Split
from common.images import to_float
from common.randomness import Purpose, generator_for


@dataclass(frozen=True)
class BatchStream:
    """Random numbers and pictures for the rows of the global batch that this process works on."""

    seed: int
    batch_size: int
    """Of the global batch."""
    rows: slice
    device: torch.device

    def parts(self, count: int) -> list[BatchStream]:
        """The same rows in `count` equal parts, in order."""
        span = (self.rows.stop - self.rows.start) // count
        starts = range(self.rows.start, self.rows.stop, span)
        return [replace(self, rows=slice(start, start + span)) for start in starts]

    def random(self, purpose: Purpose, position: int) -> np.random.Generator:
        """Random numbers for the whole batch: equal on every process."""
        return generator_for(self.seed, purpose, position)

    def take(self, batch: Shaped[np.ndarray, "b_all ..."]) -> Shaped[Tensor, "b ..."]:
        """This process's rows of a batch-sized array, on its device."""
        return torch.from_numpy(batch[self.rows]).to(self.device)

    def uniform(self, purpose: Purpose, position: int, *shape: int) -> Float[Tensor, "b ..."]:
        """This process's rows of numbers from [0, 1): one a picture, or `shape` of them."""
        return self.take(self.random(purpose, position).random((self.batch_size, *shape), dtype=np.float32))

    def one_in(self, count: int) -> Int[Tensor, "b_some"]:
        """Places, among this process's rows, of every `count`-th row of the global batch."""
        return torch.arange(-self.rows.start % count, self.rows.stop - self.rows.start, count, device=self.device)

    def pictures(
        self, split: Split, positions: Int[np.ndarray, "b_all"], mirrored: Bool[Tensor, "b"]
    ) -> Float[Tensor, "b 3 h w"]:
        """This process's rows of the pictures at positions of the split, some of them mirrored."""
        images = to_float(split.pictures(positions[self.rows]).to(self.device))
        return torch.where(mirrored[:, None, None, None], images.flip(3), images)
