"""Confidence intervals of figures: the bootstrap (Efron 1979), Wilson's interval for shares, and the jackknife."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

REPLICATES = 1000
WEIGHED_REPLICATES = 50
"""Replicates of a statistic that takes seconds to compute."""
NORMAL_95 = 1.96


@dataclass(frozen=True)
class Interval:
    """A 95 % interval: the range of a figure over other samples of the same size."""

    low: float
    high: float


def interval_of_mean(values: Float[np.ndarray, "n"], random: np.random.Generator) -> Interval:
    """Return the percentile interval of a mean, or Wilson's interval (1927) if all values are 0 or 1.

    Resampling gives a share of 0 or 1 an interval of no width, however few the samples; Wilson's has a width.
    """
    if np.isin(values, (0, 1)).all():
        return _wilson(float(np.mean(values)), len(values))
    counts = random.multinomial(len(values), np.full(len(values), 1 / len(values)), size=REPLICATES)
    low, high = np.quantile(counts @ np.asarray(values, dtype=np.float64) / len(values), [0.025, 0.975])
    # Rounding: the mean of equal values may lie outside.
    mean = float(np.mean(values))
    return Interval(min(float(low), mean), max(float(high), mean))


def interval_around(
    value: float,
    statistic: Callable[[Int[np.ndarray, "n"]], float],
    count: int,
    random: np.random.Generator,
    replicates: int = WEIGHED_REPLICATES,
) -> Interval:
    """Return a normal interval around `value`, from the spread of `statistic` over samples drawn with replacement.

    `statistic` takes the number of times that each of `count` samples was drawn. A distance between sets grows when
    samples repeat, so the mean of the replicates is biased. Their spread is not: the interval is centred on `value`.
    """
    return interval_of_replicates(value, np.array([statistic(draw_counts(count, random)) for _ in range(replicates)]))


def interval_of_replicates(value: float, replicates: Float[np.ndarray, "r"]) -> Interval:
    """Return a normal interval around `value`, from the standard deviation of its replicates."""
    spread = float(np.std(replicates, ddof=1))
    return Interval(value - NORMAL_95 * spread, value + NORMAL_95 * spread)


def draw_counts(count: int, random: np.random.Generator) -> Int[np.ndarray, "n"]:
    """Draw `count` of `count` samples with replacement; return how often each was drawn."""
    return random.multinomial(count, np.full(count, 1 / count))


def jackknife_deviation(replicates: Float[np.ndarray, "g"]) -> float:
    """Return the standard deviation of a figure, from g replicates that each leave out one of g parts (Tukey 1958)."""
    groups = len(replicates)
    return float(np.sqrt((groups - 1) / groups * np.square(replicates - np.mean(replicates)).sum()))


def widened(interval: Interval, share: float, deviation: float) -> Interval:
    """Widen the interval of a share by a second, independent standard deviation."""
    more = NORMAL_95 * deviation
    low, high = np.hypot(share - interval.low, more), np.hypot(interval.high - share, more)
    return Interval(float(max(share - low, 0.0)), float(min(share + high, 1.0)))


def no_narrower(interval: Interval, share: float, deviation: float) -> Interval:
    """Widen the interval of a share, if needed, to the normal interval with the standard deviation `deviation`."""
    half = NORMAL_95 * deviation
    return Interval(max(min(interval.low, share - half), 0.0), min(max(interval.high, share + half), 1.0))


def _wilson(share: float, count: int) -> Interval:
    z2 = NORMAL_95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = NORMAL_95 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    # For shares of 0 and 1 rounding may put an end slightly past the share.
    return Interval(min(max(float(centre - half), 0.0), share), max(min(float(centre + half), 1.0), share))
