"""Choose the paintings of a training step, and load one process's rows of its batch.

Each process draws the same random numbers for the whole batch, which depend on the seed and the step alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from common.data.dataset import UNLABELLED, Split
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


class BalancedSampler:
    """Draw positions in a split, with more or less balance between the classes.

    A class of n paintings is drawn in proportion to n ** (1 - balance): with balance 0 as often as it occurs, with
    balance 1 as often as any other. A painting of several classes is an equal part of each. Unlabelled paintings keep
    their share of the data. Some classes may have a fixed share of the labelled paintings instead.
    """

    def __init__(
        self, labels: Int[np.ndarray, "n *m"], balance: float, fixed: Mapping[int, float] | None = None
    ) -> None:
        """`labels` holds the class of each painting, or m classes, filled up with UNLABELLED.

        `fixed` holds the shares, of less than 1 in all, of classes that occur.
        """
        labels = labels.reshape(len(labels), -1)
        parts = labels != UNLABELLED
        parts[:, 0] |= ~parts.any(axis=1)
        shares = parts / parts.sum(axis=1, keepdims=True)
        classes, inverse = np.unique(labels, return_inverse=True)
        counts = np.bincount(inverse.reshape(-1), shares.reshape(-1), len(classes))
        labelled = classes != UNLABELLED
        mass = counts.astype(np.float64) / len(labels)
        if labelled.any():
            tempered = np.where(labelled, mass ** (1 - balance), 0)
            given = np.array([(fixed or {}).get(int(one), 0.0) for one in classes])
            free = np.where(given == 0, tempered, 0)
            portions = np.where(given == 0, (1 - given.sum()) * free / (free.sum() or 1), given)
            mass = np.where(labelled, portions / portions.sum() * mass[labelled].sum(), mass)
        # Lay the paintings on the unit interval, sorted by class; the length of each is its probability.
        self._order = np.argsort(labels[:, 0], kind="stable")
        each = np.divide(mass, counts, out=np.zeros_like(mass), where=counts > 0)
        chances = (shares * each[inverse.reshape(labels.shape)]).sum(axis=1)
        self._ends = np.cumsum(chances[self._order])

    def draw(self, generator: np.random.Generator, count: int) -> Int[np.ndarray, "count"]:
        """Draw the positions of one batch, in random order.

        One point is drawn in each of `count` equal pieces of the unit interval (stratified sampling), so the count
        of each class in a batch differs from its expected count by less than two.
        """
        points = (np.arange(count) + generator.random(count)) / count
        places = np.searchsorted(self._ends, points * self._ends[-1], side="right")
        return generator.permutation(self._order[np.minimum(places, len(self._order) - 1)])
