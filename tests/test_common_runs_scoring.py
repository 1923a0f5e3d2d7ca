"""FID on the validation split while a run trains."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from cheap_features import fields, measured_by_fields
from tiny_data import WithoutTest, prepare_painted
from tiny_runs import stage1_config

from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.evaluation.distances import fid
from common.evaluation.subjects import painted_subject
from common.runs import scoring
from common.runs.accelerator import make_accelerator
from common.runs.scoring import ValidationFid
from stage2 import Painter

LOGGING = dataclasses.replace(stage1_config().logging, fid_every=2, fid_samples=40)


def score(run: Path, dataset: PaintingDataset) -> ValidationFid:
    painter = Painter.load(run)
    resolution = painter.resolutions[-1]
    return ValidationFid(
        LOGGING, dataset, resolution, lambda seeds, genres, styles: painter.images(seeds, genres, styles, resolution),
        make_accelerator("float32"), paints_styles=painter.knows_styles(resolution),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("run", ["stage1_run", "stage2_run"])
def test_it_is_the_figure_that_evaluation_gives_of_as_many_pictures(
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
        measured = score(folder, dataset).measure()
    assert measured == pytest.approx(expected, rel=1e-3)


def test_without_features_to_measure_by_the_remedy_is_named(
    stage1_run: Path, procedural_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*arguments: object, **more: object) -> None:
        raise UserError("efficientnet-lite0 needs the package efficientnet_lite_pytorch")

    monkeypatch.setattr(scoring, "load_feature_network", missing)
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
