"""A run's figures as curves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from common.runs.curves import read_curves, save_curves


def write_metrics(path: Path, count: int) -> Path:
    lines = [{"step": step, "images": 10 * step, "late": 1.0 * step} for step in range(1, count + 1)]
    lines[0]["once"] = 5.0
    lines[0]["fid_samples"] = lines[1]["fid_samples"] = 1000
    for line in lines[2:]:
        line["loss"] = 1 / line["step"]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def test_a_curve_holds_what_was_logged_over_the_images_shown(tmp_path: Path) -> None:
    curves = read_curves(write_metrics(tmp_path / "metrics.jsonl", 5))
    assert list(curves) == ["late", "loss"]
    assert np.array_equal(curves["loss"], [(30, 1 / 3), (40, 1 / 4), (50, 1 / 5)])


def test_all_curves_are_drawn_on_one_sheet_and_none_where_nothing_was_logged(tmp_path: Path) -> None:
    sheet = tmp_path / "curves.png"
    save_curves(tmp_path / "absent.jsonl", sheet)
    assert not sheet.exists()
    save_curves(write_metrics(tmp_path / "metrics.jsonl", 40), sheet)
    with Image.open(sheet) as picture:
        assert picture.width == 1200
        assert np.asarray(picture.convert("L")).min() < 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.png", "metrics.jsonl"]
