"""Intervals against what statistics says they are."""

from __future__ import annotations

import numpy as np
import pytest

from common.evaluation.bootstrap import (
    Interval,
    interval_around,
    interval_of_mean,
    jackknife_deviation,
    widened,
)


def test_the_interval_of_a_mean_is_two_standard_errors_either_way() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=400)
    interval = interval_of_mean(values, np.random.default_rng(1))
    error = values.std() / 20
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.3 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)


def test_the_interval_of_equal_values_holds_their_mean() -> None:
    for value in (2.4, 0.1, 1.7):
        values = np.full(12, value)
        interval = interval_of_mean(values, np.random.default_rng(0))
        assert interval.low <= values.mean() <= interval.high


def test_a_share_of_none_or_all_is_as_uncertain_as_its_samples_are_few() -> None:
    none, many = (
        interval_of_mean(np.zeros(24), np.random.default_rng(0)),
        interval_of_mean(np.zeros(2400), np.random.default_rng(0)),
    )
    assert none.low == many.low == 0
    assert none.high == pytest.approx(1.96**2 / (24 + 1.96**2))
    assert many.high < none.high / 50
    assert interval_of_mean(np.ones(24), np.random.default_rng(0)).high == 1


def test_the_interval_of_a_share_is_that_of_resampling_where_samples_are_many() -> None:
    values = (np.random.default_rng(0).random(4000) < 0.3).astype(float)
    interval = interval_of_mean(values, np.random.default_rng(1))
    error = (0.3 * 0.7 / 4000) ** 0.5
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.05)


def test_an_interval_lies_around_its_value_though_resampling_is_biased() -> None:
    values = np.random.default_rng(0).normal(size=200)

    def distinct(counts: np.ndarray) -> float:
        return float((counts > 0).sum())

    interval = interval_around(200.0, distinct, len(values), np.random.default_rng(1))
    assert (interval.low + interval.high) / 2 == pytest.approx(200)
    assert 0 < interval.high - interval.low < 30


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=200)
    without = [np.delete(values, place).mean() for place in range(200)]
    assert jackknife_deviation(np.array(without)) == pytest.approx(values.std(ddof=1) / 200**0.5)


def test_reasons_to_scatter_add_up_as_squares_and_a_share_stays_one() -> None:
    wider = widened(Interval(0.47, 0.53), 0.5, 0.04 / 1.96)
    assert (wider.low, wider.high) == (pytest.approx(0.45), pytest.approx(0.55))
    same, whole = widened(Interval(0.47, 0.53), 0.5, 0.0), widened(Interval(0.9, 1.0), 0.97, 0.2)
    assert (same.low, same.high, whole.high) == (pytest.approx(0.47), pytest.approx(0.53), 1.0)
