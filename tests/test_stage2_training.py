"""Stage II's training: what a step touches, that it learns, that resuming changes nothing."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_runs import SHORT, change_weights, seeing_stage2_config, stage2_config

from common import config
from common.data.dataset import PaintingDataset, Split
from common.errors import UserError
from common.images import to_uint8
from common.runs.accelerator import make_accelerator
from common.runs.folder import RunFolder
from stage1.sampling import Stage1Painter
from stage2 import Painter, Request
from stage2.config import PRESETS, Stage2Config
from stage2.painter.measuring import subjects_of
from stage2.training import Stage2Trainer, train

pytestmark = pytest.mark.usefixtures("no_curves")


@pytest.fixture
def dataset(procedural_dataset: Path) -> PaintingDataset:
    return PaintingDataset(procedural_dataset)


def trainer(dataset: PaintingDataset, stage1_run: Path, settings: Stage2Config) -> Stage2Trainer:
    return Stage2Trainer(settings, dataset, Stage1Painter.load(stage1_run), make_accelerator("float32"))


def weights(module: torch.nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten().clone() for parameter in module.parameters()])


def test_label_steps_teach_the_critic_labels_and_nothing_of_realness(
    dataset: PaintingDataset, stage1_run: Path
) -> None:
    stage = trainer(dataset, stage1_run, stage2_config())
    critic = stage.pair.critic
    realness, labels = weights(critic.scores), (weights(critic.genre), weights(critic.style))
    stage.pair.step(0)
    assert torch.equal(weights(critic.scores), realness)
    assert not any(map(torch.equal, (weights(critic.genre), weights(critic.style)), labels))
    stage.pair.step(1)
    assert not torch.equal(weights(critic.scores), realness)


def test_each_update_moves_its_own_network_and_none_moves_stage1(dataset: PaintingDataset, stage1_run: Path) -> None:
    stage = trainer(dataset, stage1_run, stage2_config())
    small = weights(stage._painter.generator)
    generator, critic = weights(stage.pair.generator), weights(stage.pair.critic)
    stage.pair.update_critic(stage.settings.training.critic_steps)
    assert torch.equal(weights(stage.pair.generator), generator)
    assert not torch.equal(weights(stage.pair.critic), critic)
    critic = weights(stage.pair.critic)
    stage.pair.update_generator(0)
    assert not torch.equal(weights(stage.pair.generator), generator)
    assert torch.equal(weights(stage.pair.critic), critic)
    assert torch.equal(weights(stage._painter.generator), small)


def test_a_critic_takes_the_pictures_of_the_generators_update(dataset: PaintingDataset, stage1_run: Path) -> None:
    stage = trainer(dataset, stage1_run, stage2_config("training.critic_steps=3", "training.accumulation=2"))
    painted: list[torch.Tensor] = []
    stage.pair.generator.register_forward_hook(lambda _, __, images: painted.append(images.detach()))
    judged: list[torch.Tensor] = []
    stage.pair.critic.register_forward_pre_hook(lambda _, inputs: judged.append(inputs[0][0].detach()))
    stage.pair.step(stage.settings.training.pretraining_steps)
    # The generator's two parts, then two of each critic update that paints for itself.
    assert len(painted) == 2 + 2 * 2
    rows = len(painted[0])
    assert all(any(torch.equal(images[-rows:], part) for images in judged[2:]) for part in painted)


def test_the_critic_sees_everything_changed_where_that_is_asked(dataset: PaintingDataset, stage1_run: Path) -> None:
    stage = trainer(dataset, stage1_run, stage2_config("training.augmentation=1.0"))
    painted: list[torch.Tensor] = []
    stage.pair.generator.register_forward_hook(lambda _, __, images: painted.append(images.detach()))
    judged: list[torch.Tensor] = []
    stage.pair.critic.register_forward_pre_hook(lambda _, inputs: judged.append(inputs[0][0].detach()))
    step = stage.settings.training.pretraining_steps
    stage.pair.step(step)
    batch = stage._batch(stage.pair.parts[0], step * stage.settings.training.critic_steps)
    size = len(batch.large)
    of_generator, of_critic = judged[0], next(images for images in judged[1:] if len(images) == 2 * size)
    for seen, plain in ((of_generator, painted[0]), (of_critic[:size], batch.large), (of_critic[size:], painted[0])):
        assert not any(torch.equal(one, other) for one, other in zip(seen, plain, strict=True))
    assert torch.equal(of_generator, of_critic[size:])


@pytest.mark.slow
def test_the_parents_networks_train_and_their_export_paints(
    dataset: PaintingDataset, stage1_run: Path, tmp_path: Path
) -> None:
    least = ("networks.resolution=128", "networks.width=2", "networks.body_blocks=1")
    settings = config.load(
        Stage2Config,
        PRESETS / "stackgan.yaml",
        [*least, "networks.critic_channels=[4, 8, 8, 8, 8]", *SHORT, "training.steps=3"],
    )
    train(settings, dataset, stage1_run, tmp_path / "run", resume=False)
    painter = Painter.load(tmp_path / "run")
    first, again, other = (painter.paint("portrait", "cubism", seed=seed)[0].image for seed in (3, 3, 4))
    assert first.size == (128, 128)
    assert first.tobytes() == again.tobytes() != other.tobytes()


def test_pictures_made_from_real_paintings_are_those_paintings(dataset: PaintingDataset, stage1_run: Path) -> None:
    stage = trainer(dataset, stage1_run, stage2_config("training.real_pair_share=1.0"))
    batch = stage._batch(stage.pair.parts[0], 3)
    reduced = torch.nn.functional.avg_pool2d(batch.large, 2)
    assert batch.from_real.all()
    small = stage._small_pictures(batch)
    assert (reduced - small).abs().mean() < 0.1
    assert (reduced - small.flip(0)).abs().mean() > 0.2


def test_a_restyled_picture_is_another_painting_of_its_genre_and_is_not_rebuilt(
    dataset: PaintingDataset, stage1_run: Path
) -> None:
    shares = ("training.real_pair_share=1.0", "training.restyled_share=1.0", "training.flip=false")
    stage = trainer(dataset, stage1_run, seeing_stage2_config(*shares))
    split = dataset.split("train", 64)
    paintings = split.pictures(np.arange(len(split)))
    known = {picture.numpy().tobytes(): genre for picture, genre in zip(paintings, split.genres, strict=True)}
    batch = stage._batch(stage.pair.parts[0], 3)
    assert batch.restyled.all()
    shown = to_uint8(stage._small_pictures(batch)).permute(0, 2, 3, 1).contiguous()
    drawn = [known[picture.numpy().tobytes()] for picture in shown]
    assert drawn == batch.genres.argmax(dim=1).tolist()
    assert (torch.nn.functional.avg_pool2d(batch.large, 2) - batch.reduced).abs().mean() > 0.1
    assert stage.generator_loss(stage.pair.parts[0], 3)[1]["reconstruction"].tolist() == [0, 0]


def test_every_critic_update_judges_new_pictures_with_their_own_labels(
    dataset: PaintingDataset, stage1_run: Path
) -> None:
    stage = trainer(dataset, stage1_run, stage2_config("training.critic_steps=3", "training.augmentation=0.0"))
    judged: list[tuple[torch.Tensor, ...]] = []
    stage.pair.critic.register_forward_pre_hook(lambda _, inputs: judged.append((inputs[0][0], *inputs[1:])))
    first = stage.settings.training.pretraining_steps * stage.settings.training.critic_steps
    stage.pair.step(stage.settings.training.pretraining_steps)
    size = stage.settings.training.batch_size
    both = [inputs for inputs in judged if len(inputs[0]) == 2 * size]
    assert len(both) == 3
    fake = [images[size:] for images, _, _ in both]
    assert not any(map(torch.equal, fake, fake[1:]))
    for number, (images, genres, styles) in enumerate(both):
        batch = stage._batch(stage.pair.parts[0], first + number)
        assert torch.equal(images[:size], batch.large)
        assert torch.equal(genres, torch.cat([batch.asked_genres] * 2))
        assert torch.equal(styles, torch.cat([batch.asked_styles] * 2))


def test_a_step_loads_each_of_its_batches_once(
    dataset: PaintingDataset, stage1_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = trainer(dataset, stage1_run, stage2_config("training.critic_steps=4"))
    sides: list[int] = []
    pictures = Split.pictures
    monkeypatch.setattr(Split, "pictures", lambda split, at: sides.append(split.images.shape[1]) or pictures(split, at))
    stage.pair.step(stage.settings.training.pretraining_steps)
    assert (sides.count(128), sides.count(64)) == (4, 4)


@pytest.mark.slow
def test_the_generator_learns_to_rebuild_real_paintings(dataset: PaintingDataset, stage1_run: Path) -> None:
    settings = stage2_config("training.real_pair_share=1.0", "loss.reconstruction=3000.0")
    stage = trainer(dataset, stage1_run, settings)
    errors = [float(stage.pair.update_generator(7)["reconstruction"][0]) for _ in range(25)]
    assert all(later < 0.99 * errors[0] for later in errors[-5:])


@pytest.mark.slow
def test_a_killed_and_resumed_run_ends_with_the_same_weights(
    dataset: PaintingDataset, stage1_run: Path, stage2_run: Path, tmp_path: Path
) -> None:
    train(stage2_config("training.steps=3"), dataset, stage1_run, tmp_path / "cut", resume=False)
    train(stage2_config(), dataset, stage1_run, tmp_path / "cut", resume=True)
    whole, cut = (
        load_file(run / "checkpoints" / "step-00000006" / "state.safetensors") for run in (stage2_run, tmp_path / "cut")
    )
    assert whole.keys() == cut.keys()
    assert all(torch.equal(whole[key], cut[key]) for key in whole)


@pytest.mark.slow
def test_a_run_with_eyes_resumes_exactly_and_stores_nothing_of_the_frozen_network(
    dataset: PaintingDataset, stage1_run: Path, tmp_path: Path
) -> None:
    for name, lengths in (("whole", (4,)), ("cut", (2, 4))):
        for steps in lengths:
            settings = seeing_stage2_config(
                "training.restyled_share=0.5", "loss.content=1.0", f"training.steps={steps}"
            )
            train(settings, dataset, stage1_run, tmp_path / name, resume=steps == 4)
    whole, cut = (
        load_file(tmp_path / name / "checkpoints" / "step-00000004" / "state.safetensors") for name in ("whole", "cut")
    )
    assert all(torch.equal(whole[key], cut[key]) for key in whole | cut)
    assert sum(tensor.numel() for tensor in whole.values()) < 400_000
    painter = Painter.load(tmp_path / "cut")
    [picture] = painter.curate(Request(genre="portrait", style="cubism"), 1, 2)
    assert picture.image.size == (128, 128)
    # Stage I's critic has no eyes: those of stage II's must be told all the same.
    for features, same in (("efficientnet-lite0", True), ("efficientnet-lite2", False)):
        [subject] = subjects_of(
            tmp_path / "cut",
            dataset,
            Request(),
            samples=2,
            split="test",
            features=features,
            enlarged=False,
            device="cpu",
        )
        assert "its critic reads efficientnet-lite0" in subject.origin
        assert ("by which it is measured here" in subject.origin) == same
    assert painter.stage2 is not None
    painter.stage2.export = replace(painter.stage2.export, eyes="other weights")
    painter.stage2.__dict__.pop("_eyes")
    with pytest.raises(UserError, match="learnt from other weights"):
        painter.curate(Request(genre="portrait", style="cubism"), 1, 2)


@pytest.mark.slow
def test_a_resumed_run_goes_on_with_its_own_stage1_and_with_no_other(
    dataset: PaintingDataset, stage1_run: Path, tmp_path: Path
) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    train(stage2_config("training.steps=1"), dataset, stage1_run, run, resume=False)
    kept = load_file(run / "export" / "stage1" / "generator.safetensors")
    shutil.copytree(stage1_run / "export", other)
    change_weights(other)
    with pytest.raises(UserError, match=r"run was started on another stage I than .*other; leave --stage1 out"):
        train(stage2_config(), dataset, other, run, resume=True)
    train(stage2_config("training.steps=2"), dataset, None, run, resume=True)
    again = load_file(run / "export" / "stage1" / "generator.safetensors")
    assert all(torch.equal(tensor, again[name]) for name, tensor in kept.items())


@pytest.mark.slow
def test_a_run_knows_its_stage1_before_it_has_an_export(
    dataset: PaintingDataset, stage1_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    other = tmp_path / "other"
    shutil.copytree(stage1_run / "export", other)
    change_weights(other)
    monkeypatch.setattr("stage2.training.save_export", full)
    with pytest.raises(UserError, match="No space left"):
        train(stage2_config("training.steps=1"), dataset, stage1_run, tmp_path / "run", resume=False)
    with pytest.raises(UserError, match=r"run was started on another stage I than .*other;"):
        train(stage2_config(), dataset, other, tmp_path / "run", resume=True)


@pytest.mark.slow
def test_a_run_that_has_lost_its_stage1_takes_no_other(
    dataset: PaintingDataset, stage1_run: Path, stage2_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(stage2_run, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "export")
    with pytest.raises(UserError, match=r"export/stage1 is missing, the stage I that .*run was trained on"):
        train(stage2_config("training.steps=7"), dataset, stage1_run, tmp_path / "run", resume=True)


def test_stage1_of_other_labels_is_refused_by_their_names(
    dataset: PaintingDataset, stage1_run: Path, tmp_path: Path
) -> None:
    export = tmp_path / "export"
    export.mkdir()
    for path in (stage1_run / "export").iterdir():
        (export / path.name).write_bytes(path.read_bytes())
    values = json.loads((export / "config.json").read_text())
    values["vocabulary"]["genres"]["nude"] = values["vocabulary"]["genres"].pop("portrait")
    values["vocabulary"]["genre_aliases"] = {}
    (export / "config.json").write_text(json.dumps(values))
    with pytest.raises(UserError, match="nude, portrait"):
        train(stage2_config(), dataset, export, tmp_path / "run", resume=False)
    assert not (tmp_path / "run").exists()


def test_the_resolved_settings_of_a_run_load_again(stage2_run: Path) -> None:
    assert config.load(Stage2Config, stage2_run / "config.yaml") == stage2_config()


def test_a_stage1_of_another_dataset_is_warned_of_and_remembered(
    measurable_dataset: Path, stage1_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for steps in (1, 2):
        settings = stage2_config(f"training.steps={steps}", "logging.checkpoint_every=1")
        train(settings, PaintingDataset(measurable_dataset), stage1_run, tmp_path / "run", resume=steps > 1)
        assert ("trained on another dataset" in capsys.readouterr().err) == (steps == 1)
        assert RunFolder(tmp_path / "run").environment["stage1_trained_elsewhere"]
