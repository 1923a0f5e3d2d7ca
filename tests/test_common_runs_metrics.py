"""What is read of a run's log, whatever has happened to it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.runs.metrics import read_metrics, save_curves

LINES = [{"step": 1, "images": 8, "fid": 0.1 + 0.2}, {"step": 2, "images": 16, "fid": float("inf")}]


def append(path: Path, line: dict[str, float]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def test_without_a_log_there_are_no_figures(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "metrics.jsonl") == []


@pytest.mark.parametrize(
    "damaged", [b"{\n", b"[1]\n", b"\xff\n", b'{"step": "2", "images": 8}\n', b'{"step": 2}\n', b"\0\0\n", b"\n"]
)
def test_a_damaged_line_is_warned_of_and_costs_no_other(
    damaged: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "metrics.jsonl"
    append(path, LINES[0])
    with path.open("ab") as file:
        file.write(damaged)
    append(path, LINES[1])
    assert read_metrics(path) == LINES
    assert capsys.readouterr().err == f"warning: {path} line 2 is damaged and was skipped\n"


def test_the_rest_of_a_line_that_a_killed_run_left_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "metrics.jsonl"
    append(path, LINES[0])
    with path.open("ab") as file:
        file.write(b'{"step": 2, "im')
    assert read_metrics(path) == LINES[:1]
    assert not capsys.readouterr().err


def test_figures_of_two_points_and_more_are_drawn_on_one_sheet(tmp_path: Path) -> None:
    metrics, sheet = tmp_path / "metrics.jsonl", tmp_path / "curves.png"
    append(metrics, {"step": 1, "images": 10, "once": 5.0})
    save_curves(metrics, sheet)
    assert not sheet.exists()
    for step in range(2, 40):
        append(metrics, {"step": step, "images": 10 * step, "loss": 1 / step, "fid_samples": 1000})
    save_curves(metrics, sheet)
    with Image.open(sheet) as picture:
        assert picture.size == (1200, 240)
        assert np.asarray(picture.convert("L"))[:, :400].min() < 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.png", "metrics.jsonl"]
