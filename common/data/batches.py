"""One process's rows of a batch. Each process draws the same random numbers for the whole batch and takes its rows."""

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
    """Random numbers and pictures for this process's rows of the global batch."""

    seed: int
    batch_size: int
    """Number of rows in the global batch."""
    rows: slice
    device: torch.device

    def parts(self, count: int) -> list[BatchStream]:
        """Split the rows into `count` equal parts, in order."""
        span = (self.rows.stop - self.rows.start) // count
        starts = range(self.rows.start, self.rows.stop, span)
        return [replace(self, rows=slice(start, start + span)) for start in starts]

    def random(self, purpose: Purpose, position: int) -> np.random.Generator:
        """Return a random generator for the whole batch, the same on every process."""
        return generator_for(self.seed, purpose, position)

    def take(self, batch: Shaped[np.ndarray, "b_all ..."]) -> Shaped[Tensor, "b ..."]:
        """Return this process's rows of a batch-sized array, on its device."""
        return torch.from_numpy(batch[self.rows]).to(self.device)

    def uniform(self, purpose: Purpose, position: int, *shape: int) -> Float[Tensor, "b ..."]:
        """Return this process's rows of uniform random numbers in [0, 1), an array of `shape` for each picture."""
        return self.take(self.random(purpose, position).random((self.batch_size, *shape), dtype=np.float32))

    def one_in(self, count: int) -> Int[Tensor, "b_some"]:
        """Return the indices, within this process's rows, of every `count`-th row of the global batch."""
        return torch.arange(-self.rows.start % count, self.rows.stop - self.rows.start, count, device=self.device)

    def pictures(
        self, split: Split, positions: Int[np.ndarray, "b_all"], mirrored: Bool[Tensor, "b"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Return this process's rows of the pictures at `positions` of the split; flip those that are `mirrored`."""
        images = to_float(split.pictures(positions[self.rows]).to(self.device))
        return torch.where(mirrored[:, None, None, None], images.flip(3), images)
