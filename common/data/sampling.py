"""Which paintings a training step sees: a pure function of the seed and the step."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from common.data.dataset import UNLABELLED


class BalancedSampler:
    """Draws positions of a split so that classes come between as often as they occur and equally often.

    With balance s a class of n paintings is drawn in proportion to n ** (1 - s). Unlabelled paintings keep
    the share that they have in the data.
    """

    def __init__(self, labels: Int[np.ndarray, "n"], balance: float) -> None:
        # Paintings lie class by class on the unit interval, each with its probability as its length.
        self._order = np.argsort(labels, kind="stable")
        probabilities = _probabilities(labels, balance)
        self._ends = np.cumsum(probabilities[self._order])

    def draw(self, generator: np.random.Generator, count: int) -> Int[np.ndarray, "count"]:
        """Positions of one batch, in random order.

        One point is drawn in each of `count` equal pieces of the unit interval (stratified sampling), so that
        every batch holds each class as often as is its due, to within two.
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
