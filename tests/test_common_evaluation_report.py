"""What a report draws of labels that strangers name, and what a comparison marks."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import pytest
from test_stage2_sharing_model_card import MEASURED

from common.evaluation.figures import Figure
from common.evaluation.measures import Confusion
from common.evaluation.report import _confusion_plot, write_comparison


@pytest.mark.parametrize("names", [("$x_{$", "a$b$c"), ("\N{ARTIST PALETTE}", "風景")])
def test_any_name_is_drawn_as_it_stands(names: tuple[str, ...]) -> None:
    confusion = Confusion(names=names, generated=((1, 0), (0, 1)), real=((1, 1), (0, 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot = _confusion_plot("genre", confusion, "test")
    assert all(f">{name}<" in plot for name in names)


def test_a_comparison_marks_what_no_interval_of_the_others_reaches(tmp_path: Path) -> None:
    def subject(name: str, fid: float, density: float) -> object:
        values = {"fid": fid, "density": density}
        figures = {key: Figure(value=x, low=x - 1, high=x + 1, samples=50) for key, x in values.items()}
        return dataclasses.replace(MEASURED, name=name, figures=figures)

    all_measured = [subject("one", 20.0, 9.0), subject("two", 25.0, 3.0), subject("three", 25.5, 3.0)]
    lines = {line.split(",")[0].strip(): line for line in write_comparison(all_measured, tmp_path)}
    assert lines["FID"].count("*") == 1
    assert "* 20.0 (19.0 to 21.0)" in lines["FID"]
    # Of density neither more nor less is better.
    assert not any("*" in line for key, line in lines.items() if key != "FID")
    assert (tmp_path / "comparison.html").read_text(encoding="utf-8").count('class="number best"') == 1
