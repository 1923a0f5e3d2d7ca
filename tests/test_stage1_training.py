"""Stage I's training: what a step touches, that it learns, that resuming changes nothing."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_data import WithoutTest
from tiny_runs import EYES, stage1_config

from common.data.dataset import PaintingDataset, Split
from common.errors import UserError
from common.images import to_float
from common.nn.losses import class_loss
from common.runs.accelerator import make_accelerator
from common.runs.exports import weights_hash
from common.runs.metrics import read_metrics
from common.vocabulary import Vocabulary
from stage1.config import Stage1Config
from stage1.sampling import Stage1Painter
from stage1.training import Stage1Trainer, train

pytestmark = pytest.mark.usefixtures("no_curves")


@pytest.fixture
def split(procedural_dataset: Path) -> Split:
    return PaintingDataset(procedural_dataset).split("train", 64)


def trainer(split: Split, config: Stage1Config) -> Stage1Trainer:
    genres = {f"genre {place}": 1 for place in range(split.genres.max() + 1)}
    vocabulary = Vocabulary(genres=genres, styles={}, families={})
    return Stage1Trainer(config, split, vocabulary, make_accelerator("float32"))


def weights(module: torch.nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten().clone() for parameter in module.parameters()])


def test_pre_training_moves_the_critic_and_leaves_the_generator(split: Split) -> None:
    stage = trainer(split, stage1_config("training.pretraining_steps=5"))
    generator, critic = weights(stage.pair.generator), weights(stage.pair.critic)
    stage.pair.step(0)
    assert torch.equal(weights(stage.pair.generator), generator)
    assert not torch.equal(weights(stage.pair.critic), critic)


def test_label_steps_teach_the_critic_genres_and_nothing_of_realness(split: Split) -> None:
    stage = trainer(split, stage1_config("training.pretraining_steps=1", "training.label_steps=1"))
    critic = stage.pair.critic
    realness, genre = weights(critic.realness), weights(critic.genre)
    stage.pair.step(0)
    assert torch.equal(weights(critic.realness), realness)
    assert not torch.equal(weights(critic.genre), genre)
    stage.pair.step(1)
    assert not torch.equal(weights(critic.realness), realness)


def test_a_genre_can_have_a_share_of_the_batch_and_another_name_is_refused(split: Split) -> None:
    def shares(text: str) -> Stage1Trainer:
        return trainer(split, stage1_config(f"training.genre_shares={text}", "training.unlabelled_share=0"))

    stage = shares("{genre 1: 0.75}")
    genres = torch.cat([stage.real_batch(stage.pair.parts[0], update)[1] for update in range(20)])
    assert float(genres[:, 1].mean()) == pytest.approx(0.75, abs=0.02)
    with pytest.raises(UserError, match=r"'any' is no genre; choose of genre 0, genre 1"):
        shares("{any: 0.5}")
    with pytest.raises(UserError, match="make their sum less than 1"):
        shares("{genre 0: 0.5, genre 1: 0.5}")


def test_a_generator_update_leaves_the_critic_without_a_trace(split: Split) -> None:
    stage = trainer(split, stage1_config())
    critic = weights(stage.pair.critic)
    stage.pair.update_generator(0)
    assert torch.equal(weights(stage.pair.critic), critic)
    assert all(parameter.grad is None and parameter.requires_grad for parameter in stage.pair.critic.parameters())


def test_a_critic_takes_the_pictures_of_the_generators_update(split: Split) -> None:
    stage = trainer(
        split,
        stage1_config(
            "training.critic_steps=3",
            "training.accumulation=2",
            "training.augmentation=0.0",
        ),
    )
    painted: list[torch.Tensor] = []
    stage.pair.generator.register_forward_hook(lambda _, __, images: painted.append(images.detach()))
    judged: list[torch.Tensor] = []
    stage.pair.critic.register_forward_pre_hook(lambda _, inputs: judged.append(inputs[0][0].detach()))
    stage.pair.step(stage.settings.training.pretraining_steps)
    # The generator's two parts, then two of each critic update that paints for itself.
    assert len(painted) == 2 + 2 * 2
    rows = len(painted[0])
    assert all(any(torch.equal(images[-rows:], part) for images in judged[2:]) for part in painted)


def test_the_critic_sees_paintings_and_pictures_changed_and_the_generators_gradient_passes(split: Split) -> None:
    stage = trainer(split, stage1_config("training.augmentation=1.0"))
    painted: list[torch.Tensor] = []
    stage.pair.generator.register_forward_hook(lambda _, __, images: painted.append(images.detach()))
    judged: list[torch.Tensor] = []
    stage.pair.critic.register_forward_pre_hook(lambda _, inputs: judged.append(inputs[0][0].detach()))
    before, schedule = weights(stage.pair.generator), stage.settings.training
    stage.pair.step(schedule.pretraining_steps)
    assert not torch.equal(weights(stage.pair.generator), before)
    update = schedule.pretraining_steps * schedule.critic_steps
    size, (paintings, _) = schedule.batch_size, stage.real_batch(stage.pair.parts[0], update)
    of_generator, of_critic = judged[0], next(images for images in judged[1:] if len(images) == 2 * size)
    for seen, plain in ((of_generator, painted[0]), (of_critic[:size], paintings), (of_critic[size:], painted[0])):
        assert not any(torch.equal(one, other) for one, other in zip(seen, plain, strict=True))
    assert torch.equal(of_generator, of_critic[size:])


def test_every_critic_update_judges_new_pictures(split: Split) -> None:
    stage = trainer(split, stage1_config("training.critic_steps=3"))
    judged: list[torch.Tensor] = []
    size = stage.settings.training.batch_size
    stage.pair.critic.register_forward_pre_hook(
        lambda _, inputs: judged.append(inputs[0][0][size:].detach()) if len(inputs[0][0]) == 2 * size else None
    )
    for step in range(2):
        stage.pair.step(stage.settings.training.pretraining_steps + step)
    assert [len(fake) for fake in judged] == 6 * [size]
    assert not any(map(torch.equal, judged, judged[1:]))


def test_a_penalty_that_does_not_divide_the_batch_is_refused(split: Split) -> None:
    with pytest.raises(UserError, match=r"loss\.penalty_every 3 does not divide the 4 pictures"):
        trainer(split, stage1_config("training.batch_size=4", "loss.penalty_every=3"))


@pytest.mark.slow
def test_the_critic_learns_the_genres_of_one_small_batch(split: Split) -> None:
    few = Split(split.images, split.rows[:8], split.genres[:8], split.styles[:8])
    stage = trainer(few, stage1_config("training.flip=false", "loss.critic_genre=10.0", "training.genre_balance=0.0"))
    images = few.pictures(np.arange(8)).permute(0, 3, 1, 2) / 127.5 - 1
    labels = torch.eye(len(stage.genres))[torch.from_numpy(few.genres)]

    def loss() -> float:
        with torch.no_grad():
            return float(class_loss(stage.pair.critic([images], labels)[1], labels).mean())

    before = loss()
    for update in range(40):
        stage.pair.update_critic(update)
    assert loss() < 0.3 * before


@pytest.mark.slow
def test_the_generator_learns_to_raise_its_score(split: Split) -> None:
    stage = trainer(split, stage1_config())
    first = [float(stage.pair.update_generator(step)["generator_loss"].detach()) for step in range(30)]
    assert np.mean(first[-5:]) < np.mean(first[:5])


@pytest.mark.slow
def test_a_killed_and_resumed_run_ends_with_the_same_weights(
    procedural_dataset: Path, stage1_run: Path, tmp_path: Path
) -> None:
    dataset = PaintingDataset(procedural_dataset)
    train(stage1_config("training.steps=3"), dataset, tmp_path / "cut", resume=False)
    train(stage1_config(), dataset, tmp_path / "cut", resume=True)
    whole, cut = (
        load_file(run / "checkpoints" / "step-00000006" / "state.safetensors") for run in (stage1_run, tmp_path / "cut")
    )
    assert whole.keys() == cut.keys()
    assert all(torch.equal(whole[key], cut[key]) for key in whole)


@pytest.mark.slow
def test_a_run_with_eyes_resumes_exactly_and_stores_nothing_of_the_frozen_network(
    procedural_dataset: Path, tmp_path: Path
) -> None:
    dataset = PaintingDataset(procedural_dataset)
    for name, lengths in (("whole", (4,)), ("cut", (2, 4))):
        for steps in lengths:
            config = stage1_config(*EYES, f"training.steps={steps}")
            train(config, dataset, tmp_path / name, resume=steps == 4)
    whole, cut = (
        load_file(tmp_path / name / "checkpoints" / "step-00000004" / "state.safetensors") for name in ("whole", "cut")
    )
    assert all(torch.equal(whole[key], cut[key]) for key in whole | cut)
    assert sum(tensor.numel() for tensor in whole.values()) < 300_000
    painter, unseen = Stage1Painter.load(tmp_path / "cut"), torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    assert painter.opinions(unseen, torch.eye(len(painter.vocabulary.genres))[:1]) is not None
    assert "sha256" in painter.export.eyes
    painter = Stage1Painter.load(tmp_path / "cut")
    painter.export = replace(painter.export, eyes="other weights")
    with pytest.raises(UserError, match="learnt from other weights"):
        painter.opinions(unseen, torch.eye(len(painter.vocabulary.genres))[:1])


def test_eyes_whose_packages_are_missing_are_told_in_one_line(
    procedural_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(UserError, match=r"pip install .*\[evaluation\].*--preset tiny"):
        train(stage1_config(*EYES), PaintingDataset(procedural_dataset), tmp_path / "run", resume=False)


@pytest.mark.slow
def test_a_run_with_eyes_starts_from_one_without(procedural_dataset: Path, stage1_run: Path, tmp_path: Path) -> None:
    still = ("generator_optimizer.learning_rate=1.0e-30", "critic_optimizer.learning_rate=1.0e-30")
    config = stage1_config(*EYES, *still, "training.steps=1")
    train(config, PaintingDataset(procedural_dataset), tmp_path / "run", resume=False, start_from=stage1_run)
    for name in ("generator", "critic"):
        old, new = (load_file(run / "export" / f"{name}.safetensors") for run in (stage1_run, tmp_path / "run"))
        assert all(torch.equal(old[key], new[key]) for key in old)


def test_a_run_leaves_what_the_design_promises(stage1_run: Path) -> None:
    assert {path.name for path in stage1_run.iterdir()} == {
        "config.yaml",
        "environment.json",
        "metrics.jsonl",
        "curves.png",
        "dataset.json",
        "samples",
        "checkpoints",
        "export",
    }
    assert {path.name for path in (stage1_run / "export").iterdir()} == {
        "generator.safetensors",
        "critic.safetensors",
        "config.json",
    }
    figures = [json.loads(line) for line in (stage1_run / "metrics.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in figures] == [2, 4, 6, 6]
    assert figures[-1].keys() == {"step", "images", "variety"}
    assert all(np.isfinite(list(entry.values())).all() for entry in figures)
    assert (stage1_run / "samples" / "step-00000006.png").is_file()


def test_variety_is_none_where_a_genre_is_one_picture_and_one_where_pictures_are_the_paintings(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = trainer(split, stage1_config())
    one = torch.rand(1, 3, 64, 64)
    monkeypatch.setattr(stage, "paint", lambda seeds, genres, styles: one.expand(len(genres), -1, -1, -1))
    assert stage.variety() == pytest.approx(0, abs=1e-6)

    def paintings(seeds: range, genres: torch.Tensor, styles: torch.Tensor) -> torch.Tensor:
        places = np.flatnonzero(split.genres == int(genres[0].argmax()))[:64]
        return to_float(split.pictures(places))

    monkeypatch.setattr(stage, "paint", paintings)
    assert stage.variety() == pytest.approx(1)


def test_variety_is_not_asked_of_paintings_that_are_all_alike(split: Split) -> None:
    assert trainer(split, stage1_config()).variety() is not None
    for alike in (split.at(np.zeros(1, dtype=np.int64)), split.at(np.zeros(6, dtype=np.int64))):
        assert trainer(alike, stage1_config()).variety() is None


@pytest.mark.slow
def test_a_run_that_starts_from_another_begins_with_its_weights(
    procedural_dataset: Path, stage1_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still = ("generator_optimizer.learning_rate=1.0e-30", "critic_optimizer.learning_rate=1.0e-30")
    config = stage1_config("training.steps=2", "training.seed=9", *still)
    train(config, PaintingDataset(procedural_dataset), tmp_path / "run", resume=False, start_from=stage1_run)
    for name in ("generator", "critic"):
        old, new = (load_file(run / "export" / f"{name}.safetensors") for run in (stage1_run, tmp_path / "run"))
        assert old.keys() == new.keys()
        assert all(torch.equal(old[key], new[key]) for key in old)
    start = weights_hash(stage1_run / "export" / "generator.safetensors")
    assert json.loads((tmp_path / "run" / "environment.json").read_text())["started_from"] == start
    assert f"starts from the weights of {stage1_run}; labels new to them: none\n" in capsys.readouterr().out


@pytest.mark.slow
def test_training_measures_and_chooses_its_best_by_validation_and_never_reads_the_test_split(
    procedural_dataset: Path, tmp_path: Path
) -> None:
    config = stage1_config("training.steps=2", "logging.fid_every=2", "logging.fid_samples=4")
    train(config, WithoutTest(procedural_dataset), tmp_path, resume=False)
    assert [line["step"] for line in read_metrics(tmp_path / "metrics.jsonl") if "fid_validation" in line] == [2]
    assert (tmp_path / "best" / "generator.safetensors").is_file()


def test_what_cannot_be_measured_is_refused_before_there_is_a_folder(
    procedural_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise UserError("no weights of the feature network")

    monkeypatch.setattr("common.runs.metrics.load_feature_network", missing)
    scored = stage1_config("logging.fid_every=2")
    with pytest.raises(UserError, match="no weights of the feature network"):
        train(scored, PaintingDataset(procedural_dataset), tmp_path / "run", resume=False)
    assert not (tmp_path / "run").exists()


def test_a_folder_with_another_run_is_refused_and_untouched(procedural_dataset: Path, stage1_run: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in stage1_run.rglob("*")}
    with pytest.raises(UserError, match="--resume"):
        train(stage1_config(), PaintingDataset(procedural_dataset), stage1_run, resume=False)
    with pytest.raises(UserError, match=r"training\.batch_size \(8, now 4\)"):
        train(stage1_config("training.batch_size=4"), PaintingDataset(procedural_dataset), stage1_run, resume=True)
    assert {path: path.stat().st_mtime_ns for path in stage1_run.rglob("*")} == before
