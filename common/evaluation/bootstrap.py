"""How far a figure might be from its true value: resampling (Efron 1979), Wilson's interval for shares, jackknife."""

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
    """Percentile interval of the mean of one value a sample; of a share, where all values are 0 or 1, Wilson's.

    Samples drawn again from none or from all have no scatter, however few they are: Wilson's interval (1927) has.
    """
    if np.isin(values, (0, 1)).all():
        return _wilson(float(np.mean(values)), len(values))
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
    return interval_of_replicates(value, np.array([statistic(draw_counts(count, random)) for _ in range(replicates)]))


def interval_of_replicates(value: float, replicates: Float[np.ndarray, "r"]) -> Interval:
    """Normal interval around `value`, as wide as its replicates scatter."""
    spread = float(np.std(replicates, ddof=1))
    return Interval(value - NORMAL_95 * spread, value + NORMAL_95 * spread)


def draw_counts(count: int, random: np.random.Generator) -> Int[np.ndarray, "n"]:
    """How often each of `count` samples is drawn, where as many are drawn with replacement."""
    return random.multinomial(count, np.full(count, 1 / count))


def jackknife_deviation(replicates: Float[np.ndarray, "g"]) -> float:
    """Standard deviation of a figure, from those without one of g equal parts of what it was made from (Tukey 1958)."""
    groups = len(replicates)
    return float(np.sqrt((groups - 1) / groups * np.square(replicates - np.mean(replicates)).sum()))


def widened(interval: Interval, share: float, deviation: float) -> Interval:
    """The interval of a share that scatters by `deviation` besides, for a reason of its own."""
    more = NORMAL_95 * deviation
    low, high = np.hypot(share - interval.low, more), np.hypot(interval.high - share, more)
    return Interval(float(max(share - low, 0.0)), float(min(share + high, 1.0)))


def no_narrower(interval: Interval, share: float, deviation: float) -> Interval:
    """The interval of a share that scatters by `deviation` at least."""
    half = NORMAL_95 * deviation
    return Interval(max(min(interval.low, share - half), 0.0), min(max(interval.high, share + half), 1.0))


def _wilson(share: float, count: int) -> Interval:
    z2 = NORMAL_95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = NORMAL_95 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    # The ends touch none and all but for rounding.
    return Interval(min(max(float(centre - half), 0.0), share), max(min(float(centre + half), 1.0), share))
