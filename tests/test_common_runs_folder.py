"""The folder of a run: whose it is, what is written into it, what a resumed run forgets."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from tiny_data import prepared

from common.config import load, settings
from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.runs.folder import RunFolder


@settings
class Training:
    steps: int
    batch_size: int


@settings
class Logging:
    log_every: int


@settings
class Settings:
    training: Training
    logging: Logging


def wanted(steps: int = 10, batch_size: int = 4, log_every: int = 2) -> Settings:
    return Settings(training=Training(steps=steps, batch_size=batch_size), logging=Logging(log_every=log_every))


@pytest.fixture
def run(tmp_path: Path, dataset: PaintingDataset) -> RunFolder:
    """A run that was started with the wanted settings."""
    folder = RunFolder(tmp_path / "runs" / "stage1")
    folder.open(wanted(), "float32", dataset, {})
    return folder


def steps_of(run: RunFolder) -> list[int]:
    return [json.loads(line)["step"] for line in (run.path / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("resume", [False, True])
def test_a_new_run_takes_what_is_wanted_and_settling_writes_nothing(
    dataset: PaintingDataset, tmp_path: Path, resume: bool
) -> None:
    run = RunFolder(tmp_path / "run")
    run.check(wanted(), dataset, resume=resume)
    assert not run.exists()
    assert not run.path.exists()
    run.path.mkdir()
    run.check(wanted(), dataset, resume=resume)


def test_an_opened_run_holds_its_settings_and_its_environment(dataset: PaintingDataset, run: RunFolder) -> None:
    assert run.exists()
    assert load(Settings, run.path / "config.yaml") == wanted()
    environment = json.loads((run.path / "environment.json").read_text())
    assert environment["command"] == sys.argv
    assert environment["python"] == sys.version.split()[0]
    assert environment["precision"] == "float32"
    assert run.dataset_folder == dataset.folder.resolve()
    assert {"torch", "accelerate"} <= environment["packages"].keys()
    assert {path.name for path in run.path.iterdir()} == {
        "config.yaml",
        "environment.json",
        "dataset.json",
        "samples",
        "checkpoints",
    }


def test_a_folder_that_holds_a_run_is_refused_with_both_remedies(dataset: PaintingDataset, run: RunFolder) -> None:
    with pytest.raises(UserError, match=r"already holds a run; add --resume, or give another folder with --out$"):
        run.check(wanted(), dataset, resume=False)


@pytest.mark.parametrize("resume", [False, True])
def test_a_place_that_holds_something_else_is_refused(dataset: PaintingDataset, tmp_path: Path, resume: bool) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    for place in (tmp_path, tmp_path / "letter.txt"):
        with pytest.raises(UserError, match=r"exists but holds no run; give another folder with --out$"):
            RunFolder(place).check(wanted(), dataset, resume=resume)


def test_a_resumed_run_may_change_what_is_free_to_change(dataset: PaintingDataset, run: RunFolder) -> None:
    changed = wanted(steps=20, log_every=5)
    run.check(changed, dataset, resume=True)
    run.open(changed, "float32", dataset, {})
    assert load(Settings, run.path / "config.yaml") == changed


def test_a_resumed_run_started_where_it_started(dataset: PaintingDataset, tmp_path: Path) -> None:
    for number, first in enumerate((None, "0123456789ab")):
        run = RunFolder(tmp_path / str(number))
        for start in (first, "ba9876543210"):
            run.open(wanted(), "float32", dataset, {"started_from": start})
            assert json.loads((run.path / "environment.json").read_text())["started_from"] == first


def test_a_run_whose_critic_learnt_from_other_frozen_weights_is_refused(
    dataset: PaintingDataset, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    run.check_eyes("new.pth")
    run.open(wanted(), "float32", dataset, {"eyes": "old.pth"})
    run.check_eyes("old.pth")
    with pytest.raises(UserError, match=r"learnt from old\.pth, but new\.pth is installed"):
        run.check_eyes("new.pth")


def test_a_run_knows_what_it_has_computed_in_on_the_same_kind_of_device(
    dataset: PaintingDataset, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    assert run.precision is None
    run.open(wanted(), "bfloat16", dataset, {})
    assert run.precision == "bfloat16"
    environment = json.loads((run.path / "environment.json").read_text())
    (run.path / "environment.json").write_text(json.dumps(environment | {"device": "another"}))
    assert run.precision is None


def test_a_resumed_run_with_other_settings_is_refused_by_the_keys_and_both_values(
    dataset: PaintingDataset, run: RunFolder
) -> None:
    with pytest.raises(UserError) as caught:
        run.check(wanted(steps=20, batch_size=8, log_every=5), dataset, resume=True)
    assert str(caught.value) == (
        f"{run.path} was started with other settings: training.batch_size (4, now 8); leave out --preset "
        "and --set to resume with its own"
    )
    assert load(Settings, run.path / "config.yaml") == wanted()


def dataset_of(collection: Path, out: Path, **changes: object) -> PaintingDataset:
    prepared(collection, out, **changes)
    return PaintingDataset(out)


def test_a_resumed_run_takes_its_dataset_again_wherever_it_lies_and_whatever_sizes_were_added(
    run: RunFolder, dataset: PaintingDataset, collection: Path, tmp_path: Path
) -> None:
    run.check(wanted(), dataset, resume=True)
    again = dataset_of(collection, tmp_path / "again")
    run.check(wanted(), again, resume=True)
    assert not run.started_on_other(again)


@pytest.mark.slow
def test_a_resumed_run_refuses_other_labels_and_other_pictures(
    run: RunFolder, collection: Path, tmp_path: Path
) -> None:
    fewer = shutil.copytree(collection, tmp_path / "collection")
    (fewer / "00.png").write_bytes(b"no picture")
    for name, source, changes in (
        ("labels", collection, {"min_count": 22}),
        ("squashed", collection, {"fit": "squash"}),
        ("pictures", fewer, {}),
    ):
        other = dataset_of(source, tmp_path / name, **changes)
        with pytest.raises(UserError, match=rf"{name} is not the dataset that .* was started on; give that one with"):
            run.check(wanted(), other, resume=True)


def test_files_that_a_power_cut_has_emptied_end_a_run_in_one_line_or_are_written_anew(
    run: RunFolder, dataset: PaintingDataset
) -> None:
    (run.path / "dataset.json").write_bytes(b"")
    with pytest.raises(UserError, match=r"dataset\.json is damaged.*delete this file"):
        run.check(wanted(), dataset, resume=True)
    (run.path / "environment.json").write_bytes(b"")
    assert run.precision is None
    run.open(wanted(), "bfloat16", dataset, {})
    assert run.precision == "bfloat16"


def test_settings_of_a_run_that_do_not_read_are_refused_by_file(dataset: PaintingDataset, run: RunFolder) -> None:
    (run.path / "config.yaml").write_text("training: {steps: 10}\n")
    with pytest.raises(UserError, match=r"config\.yaml: training\.batch_size is missing; logging is missing"):
        run.check(wanted(), dataset, resume=True)


def test_figures_later_than_the_checkpoint_and_a_torn_line_are_forgotten(run: RunFolder) -> None:
    for step in (2, 4, 6, 8):
        run.log({"step": step, "images": 8, "loss": 1.0})
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3, "lo')
    run.forget_after(5)
    assert steps_of(run) == [2, 4]
    run.log({"step": 6, "images": 8, "loss": 2.0})
    assert steps_of(run) == [2, 4, 6]
    assert not list(run.path.glob("*.partial"))


def test_a_run_without_a_checkpoint_forgets_all_figures_and_one_without_figures_none(run: RunFolder) -> None:
    run.forget_after(0)
    assert not (run.path / "metrics.jsonl").exists()
    run.log({"step": 2, "images": 8})
    run.forget_after(0)
    assert steps_of(run) == []


def test_a_run_without_a_checkpoint_starts_from_what_it_was_begun_with(
    dataset: PaintingDataset, tmp_path: Path
) -> None:
    run, mine = RunFolder(tmp_path / "run"), Path("runs/mine")
    run.check_start(mine, "0123456789ab")
    run.open(wanted(), "float32", dataset, {"started_from": "0123456789ab", "started_from_folder": str(mine)})
    run.check_start(mine, "0123456789ab")
    with pytest.raises(UserError, match=r"was started from runs/mine, and now from random weights; .*--start-from"):
        run.check_start(None, None)
    with pytest.raises(UserError, match=r"was started from runs/mine, and now from runs/other; .*--start-from"):
        run.check_start(Path("runs/other"), "ba9876543210")
    (run.checkpoints / "step-00000002").mkdir()
    run.check_start(None, None)
