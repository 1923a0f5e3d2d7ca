"""How far a figure might be from its true value: intervals by resampling (Efron 1979)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

REPLICATES = 1000
WEIGHED_REPLICATES = 50
"""Of a statistic that costs seconds each time."""
NORMAL_95 = 1.96


@dataclass(frozen=True)
class Interval:
    """The middle 95 % of what a figure would be on other samples of the same size."""

    low: float
    high: float


def interval_of_mean(values: Float[np.ndarray, "n"], random: np.random.Generator) -> Interval:
    """Percentile interval of the mean of one value a sample."""
    counts = random.multinomial(len(values), np.full(len(values), 1 / len(values)), size=REPLICATES)
    low, high = np.quantile(counts @ np.asarray(values, dtype=np.float64) / len(values), [0.025, 0.975])
    return Interval(float(low), float(high))


def interval_around(
    value: float,
    statistic: Callable[[Int[np.ndarray, "n"]], float],
    count: int,
    random: np.random.Generator,
    replicates: int = WEIGHED_REPLICATES,
) -> Interval:
    """Normal interval around `value`, as wide as `statistic` scatters over samples drawn with replacement.

    `statistic` takes how often each of `count` samples was drawn. A distance between sets grows when samples repeat:
    the scatter of its replicates can be trusted, their mean cannot, so that the interval lies around the value.
    """
    shares = np.full(count, 1 / count)
    spread = float(np.std([statistic(random.multinomial(count, shares)) for _ in range(replicates)], ddof=1))
    return Interval(value - NORMAL_95 * spread, value + NORMAL_95 * spread)
