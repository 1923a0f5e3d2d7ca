"""Plots of what strangers name."""

from __future__ import annotations

from common.evaluation.measurements import Confusion
from common.evaluation.plots import confusion_plot


def test_a_dollar_in_a_name_begins_no_formula() -> None:
    names = ("$x_{$", "a$b$c")
    plot = confusion_plot("genre", Confusion(names=names, generated=((1, 0), (0, 1)), real=((1, 1), (0, 1))), "test")
    assert "<svg" in plot
