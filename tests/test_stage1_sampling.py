"""Stage I's export and its pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from common import config
from common.errors import UserError
from common.runs.exports import read_export_config
from stage1.config import PRESETS, Stage1Config
from stage1.sampling import SHIPPED, Stage1Export, Stage1Painter, draw_latents, usual_weights


def test_a_latent_depends_on_its_seed_alone() -> None:
    together = draw_latents([3, 4, 5], 16)
    assert torch.equal(together[1:2], draw_latents([4], 16))
    assert not torch.equal(together[0], together[1])


def test_latents_are_normal() -> None:
    latents = draw_latents(range(400), 32)
    assert abs(float(latents.mean())) < 0.03
    assert abs(float(latents.std()) - 1) < 0.03


def test_a_run_and_its_export_paint_the_same(stage1_run: Path, tmp_path: Path) -> None:
    painter = Stage1Painter.load(stage1_run)
    painter.save(tmp_path / "copy")
    copied = Stage1Painter.load(tmp_path / "copy")
    latents = draw_latents([1, 2], painter.latent_dim)
    genres = torch.eye(len(painter.vocabulary.genres))[:2]
    assert torch.equal(painter.paint(latents, genres), copied.paint(latents, genres))
    assert painter.weights == copied.weights
    assert painter.vocabulary == copied.vocabulary


def test_an_export_whose_settings_were_changed_is_refused(stage1_run: Path, tmp_path: Path) -> None:
    Stage1Painter.load(stage1_run).save(tmp_path / "copy")
    path = tmp_path / "copy" / "config.json"
    values = json.loads(path.read_text())
    values["networks"]["latent_dim"] = 9
    path.write_text(json.dumps(values))
    with pytest.raises(UserError, match=r"generator\.safetensors"):
        Stage1Painter.load(tmp_path / "copy")
    values["networks"]["depth"] = 3
    path.write_text(json.dumps(values))
    with pytest.raises(UserError, match="depth is not a known key"):
        Stage1Painter.load(tmp_path / "copy")


def test_a_run_in_the_usual_place_goes_before_the_weights_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = Stage1Painter.load(usual_weights())
    assert shipped.critic is not None
    assert {"portrait", "landscape"} <= shipped.vocabulary.genres.keys()
    (tmp_path / "runs" / "stage1").mkdir(parents=True)
    assert usual_weights() == Path("runs/stage1")


def test_a_start_from_the_weights_of_the_project_fits_the_preset_that_they_were_trained_with() -> None:
    export = read_export_config(SHIPPED, Stage1Export)
    assert export.networks == config.load(Stage1Config, PRESETS / "small.yaml").networks
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 30e6
