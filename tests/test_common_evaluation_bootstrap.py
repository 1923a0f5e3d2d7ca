"""Intervals against what statistics says they are."""

from __future__ import annotations

import numpy as np
import pytest

from common.evaluation.bootstrap import Interval, interval_around, interval_of_mean


def test_the_interval_of_a_mean_is_two_standard_errors_either_way() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=400)
    interval = interval_of_mean(values, np.random.default_rng(1))
    error = values.std() / 20
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.3 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)


def test_a_share_of_none_or_all_has_no_width() -> None:
    assert interval_of_mean(np.zeros(50), np.random.default_rng(0)) == Interval(0.0, 0.0)
    assert interval_of_mean(np.ones(50), np.random.default_rng(0)) == Interval(1.0, 1.0)


def test_an_interval_lies_around_its_value_though_resampling_is_biased() -> None:
    values = np.random.default_rng(0).normal(size=200)

    def distinct(counts: np.ndarray) -> float:
        return float((counts > 0).sum())

    interval = interval_around(200.0, distinct, len(values), np.random.default_rng(1))
    assert (interval.low + interval.high) / 2 == pytest.approx(200)
    assert 0 < interval.high - interval.low < 30
