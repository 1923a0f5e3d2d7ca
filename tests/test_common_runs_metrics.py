"""What is read of a run's log, whatever has happened to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cheap_features import fields, measured_by_fields
from PIL import Image
from tiny_data import WithoutTest, prepare_painted

from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.evaluation.distances import fid
from common.evaluation.subjects import painted_subject
from common.runs import metrics
from common.runs.accelerator import make_accelerator
from common.runs.metrics import read_metrics, save_curves, validation_fid
from stage2 import Painter

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
    log, sheet = tmp_path / "metrics.jsonl", tmp_path / "curves.png"
    append(log, {"step": 1, "images": 10, "once": 5.0})
    save_curves(log, sheet)
    assert not sheet.exists()
    for step in range(2, 40):
        append(log, {"step": step, "images": 10 * step, "loss": 1 / step, "fid_samples": 1000})
    save_curves(log, sheet)
    with Image.open(sheet) as picture:
        assert picture.size == (1200, 240)
        assert np.asarray(picture.convert("L"))[:, :400].min() < 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.png", "metrics.jsonl"]


def score(run: Path, dataset: PaintingDataset) -> Callable[[], float]:
    painter = Painter.load(run)
    resolution = painter.resolutions[-1]

    def paint(seeds, genres, styles):  # type: ignore[no-untyped-def]
        return painter.images(seeds, genres, styles, resolution, style_strength=1.0)

    return validation_fid(dataset, resolution, 40, paint, make_accelerator("float32"))


@pytest.mark.slow
@pytest.mark.parametrize("run", ["stage1_run", "stage2_run"])
def test_fid_on_validation_is_the_figure_that_evaluation_gives_of_as_many_pictures(
    run: str, procedural_dataset: Path, request: pytest.FixtureRequest
) -> None:
    folder, dataset = request.getfixturevalue(run), WithoutTest(procedural_dataset)
    painter = Painter.load(folder)
    size = painter.resolutions[-1]
    subject = painted_subject(painter, "run", dataset, size, samples=40, seed=0, split="validation")
    network = fields()
    held_out = dataset.split("validation", size)
    real = network(held_out.pictures(np.arange(len(held_out))).permute(0, 3, 1, 2)).numpy()
    expected = fid(real, network(subject.read(range(40))).numpy())
    with measured_by_fields():
        measured = score(folder, dataset)()
    assert measured == pytest.approx(expected, rel=1e-3)


def test_without_features_to_measure_by_the_remedy_is_named(
    stage1_run: Path, procedural_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*arguments: object, **more: object) -> None:
        raise UserError("efficientnet-lite0 needs the package efficientnet_lite_pytorch")

    monkeypatch.setattr(metrics, "load_feature_network", missing)
    with pytest.raises(UserError, match=r"fid_every: efficientnet-lite0 needs.* --set logging\.fid_every=0"):
        score(stage1_run, PaintingDataset(procedural_dataset))


def test_too_few_validation_paintings_for_a_fid_are_refused_with_the_remedy(stage1_run: Path, tmp_path: Path) -> None:
    prepare_painted(5, seed=0, out=tmp_path / "data")
    with pytest.raises(UserError) as caught:
        score(stage1_run, PaintingDataset(tmp_path / "data"))
    assert str(caught.value) == (
        f"logging.fid_every: {tmp_path / 'data'} has 0 validation paintings, but FID needs at least 2; prepare more "
        "pictures, or train without FID: --set logging.fid_every=0"
    )
