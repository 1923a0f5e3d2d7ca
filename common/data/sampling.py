"""Choose the paintings of a training step, by a random generator that depends only on the seed and the step."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from common.data.dataset import UNLABELLED


class BalancedSampler:
    """Draw positions in a split, with more or less balance between the classes.

    A class of n paintings is drawn in proportion to n ** (1 - balance): with balance 0 as often as it occurs, with
    balance 1 as often as any other. Unlabelled paintings keep their share of the data.
    """

    def __init__(self, labels: Int[np.ndarray, "n"], balance: float) -> None:
        # Lay the paintings on the unit interval, sorted by class; the length of each is its probability.
        self._order = np.argsort(labels, kind="stable")
        probabilities = _probabilities(labels, balance)
        self._ends = np.cumsum(probabilities[self._order])

    def draw(self, generator: np.random.Generator, count: int) -> Int[np.ndarray, "count"]:
        """Draw the positions of one batch, in random order.

        One point is drawn in each of `count` equal pieces of the unit interval (stratified sampling), so the count
        of each class in a batch differs from its expected count by less than two.
        """
        points = (np.arange(count) + generator.random(count)) / count
        places = np.searchsorted(self._ends, points * self._ends[-1], side="right")
        return generator.permutation(self._order[np.minimum(places, len(self._order) - 1)])


def _probabilities(labels: Int[np.ndarray, "n"], balance: float) -> Float[np.ndarray, "n"]:
    classes, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    labelled = classes != UNLABELLED
    mass = counts.astype(np.float64) / len(labels)
    tempered = np.where(labelled, mass ** (1 - balance), 0)
    if labelled.any():
        mass = np.where(labelled, tempered / tempered.sum() * mass[labelled].sum(), mass)
    return np.asarray((mass / counts)[inverse])
