"""The training loop: when it logs, shows, saves and stops."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from PIL import Image
from safetensors import SafetensorError
from tiny_runs import stage1_config
from torch import Tensor, nn
from torch.optim import Optimizer

from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.runs import checkpoints, trainer
from common.runs.accelerator import make_accelerator
from common.runs.config import LoggingSettings
from common.runs.folder import RunFolder

pytestmark = pytest.mark.usefixtures("no_curves")
THREE_IMAGES = ("training.batch_size=3", "training.critic_steps=1", "loss.penalty_every=1")
LOGGING = LoggingSettings(log_every=2, sample_every=4, checkpoint_every=5, keep_checkpoints=1)
SCORED = dataclasses.replace(LOGGING, checkpoint_every=2, fid_every=2)


@pytest.fixture(autouse=True)
def _dataset(dataset: PaintingDataset) -> None:
    Counting.dataset = dataset


class CountingPair:
    """One weight that counts the steps that it has seen."""

    def __init__(self, before_step: Callable[[int], None]) -> None:
        self.network = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.network.weight)
        self.modules = {"network": self.network}
        self.optimizers: dict[str, Optimizer] = {}
        self.figure: Callable[[int], Tensor] = lambda step: torch.tensor(float(step))
        self._before_step = before_step

    def step(self, step: int) -> dict[str, Tensor]:
        self._before_step(step)
        with torch.no_grad():
            self.network.weight += 1
        return {"step_number": self.figure(step)}


class Counting:
    """A stage whose one weight counts the steps that it has seen."""

    stage, resolution, about, eyes = 0, 64, "stage 0: nothing", ""
    origin: dict[str, bool] = {}  # noqa: RUF012
    dataset: PaintingDataset

    def __init__(self, folder: Path, before_step: Callable[[int], None] = lambda step: None) -> None:
        self.pair: Any = CountingPair(before_step)
        self.run = RunFolder(folder)
        self.exports: list[str] = []
        self.fids = iter([30.0, 20.0, 25.0])
        self.varieties: Iterator[float] | None = None

    def build(self, num_genres: int, num_styles: int) -> tuple[nn.Module, nn.Module]:
        raise NotImplementedError

    def paint(self, seeds: object, genres: object, styles: object) -> Tensor:
        raise NotImplementedError

    def sheet(self) -> Image.Image:
        return Image.new("RGB", (8, 8))

    def variety(self) -> float | None:
        return next(self.varieties) if self.varieties else None

    def export(self, folder: Path) -> None:
        self.exports.append(f"{folder.name} {float(self.pair.network.weight.detach()):.0f}")

    def keep_inputs(self, export: Path) -> None:
        pass

    def train(self, steps: int, max_minutes: float | None = None, logging: LoggingSettings = LOGGING) -> None:
        settings = stage1_config(f"training.steps={steps}", "training.pretraining_steps=2", *THREE_IMAGES)
        self.settings = dataclasses.replace(settings, logging=logging)
        self.accelerator = make_accelerator("float32", logging.trackers, self.run)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trainer, "validation_fid", lambda *_: lambda: next(self.fids))
            trainer.train(self, self.run, self.dataset, start_from=None, max_minutes=max_minutes)

    def sheets(self) -> list[int]:
        """Steps that a sample sheet was painted at."""
        return sorted(int(path.stem.removeprefix("step-")) for path in (self.run.path / "samples").iterdir())

    def saved(self) -> list[int]:
        """Steps of the checkpoints."""
        return sorted(int(path.name.removeprefix("step-")) for path in self.run.checkpoints.iterdir())

    def logged(self) -> list[dict[str, float]]:
        return [json.loads(line) for line in (self.run.path / "metrics.jsonl").read_text().splitlines()]


def full(*arguments: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_run_logs_means_shows_samples_and_keeps_the_newest_checkpoint(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    stage.train(steps=7)
    assert [(entry["step"], entry["images"], entry["step_number"]) for entry in stage.logged()] == [
        (2, 6, 0.5),
        (4, 12, 2.5),
        (6, 18, 4.5),
        (7, 21, 6.0),
    ]
    assert (stage.sheets(), stage.saved(), stage.exports) == ([0, 4, 7], [7], ["export 5", "export 7"])


def test_a_figure_of_some_pictures_is_their_mean_and_absent_where_there_are_none(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    found = iter([(3.0, 4.0), (0.0, 0.0), (1.0, 1.0), (0.0, 0.0), (0.0, 0.0)])
    stage.pair.figure = lambda step: torch.tensor(next(found))
    stage.train(steps=5)
    assert [entry.get("step_number") for entry in stage.logged()] == [0.75, 1.0, None]


def test_a_run_whose_samples_become_alike_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = Counting(tmp_path)
    stage.varieties = iter([0.0, 1.2, float("inf"), 0.6])
    stage.train(steps=16)
    assert [entry["variety"] for entry in stage.logged() if "variety" in entry] == [0.0, 1.2, float("inf"), 0.6]
    assert "warning" not in capsys.readouterr().err
    stage = Counting(tmp_path)
    stage.varieties = iter([0.4])
    stage.train(steps=20)
    said = capsys.readouterr().err
    assert "step 20: the pictures of a label hardly differ any more (variety 0.40, once 1.20)" in said


def test_a_run_goes_on_from_its_newest_checkpoint(tmp_path: Path) -> None:
    Counting(tmp_path).train(steps=5)
    stage = Counting(tmp_path)
    stage.train(steps=6)
    assert float(stage.pair.network.weight.detach()) == 6
    assert [entry["step"] for entry in stage.logged()] == [2, 4, 5, 6]


def test_a_run_that_was_cut_off_before_its_last_export_writes_it_when_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Counting(tmp_path).train(steps=5)
    stage = Counting(tmp_path)
    stage.train(steps=5)
    assert (stage.saved(), stage.exports) == ([5], ["export 5"])
    assert [entry["step"] for entry in stage.logged()] == [2, 4, 5]
    said = capsys.readouterr().out
    assert f"done; to paint with these weights: python scripts/generate.py --weights {tmp_path}\n" in said
    assert "nothing left to do" in said


def test_the_best_weights_by_fid_are_exported_and_their_checkpoint_is_kept(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    stage.train(steps=7, logging=SCORED)
    measured = [entry for entry in stage.logged() if "fid_validation" in entry]
    assert [(entry["step"], entry["fid_validation"]) for entry in measured] == [(2, 30.0), (4, 20.0), (6, 25.0)]
    assert {entry["fid_samples"] for entry in measured} == {SCORED.fid_samples}
    assert stage.exports == ["best 2", "export 2", "best 4", "export 4", "export 6", "export 7"]
    assert stage.saved() == [4, 7]


def test_a_resumed_run_remembers_what_was_best_by_as_many_samples(tmp_path: Path) -> None:
    Counting(tmp_path).train(steps=5, logging=SCORED)
    stage = Counting(tmp_path)
    stage.fids = iter([25.0, 30.0])
    stage.train(steps=7, logging=SCORED)
    assert (stage.exports, stage.saved()) == (["export 6", "export 7"], [4, 7])
    stage.train(steps=8, logging=dataclasses.replace(SCORED, fid_samples=50))
    assert stage.exports[2:] == ["best 8", "export 8"]


def test_trackers_by_name_are_told_what_is_logged_and_painted(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logging = dataclasses.replace(LOGGING, trackers=("tensorboard",))
    Counting(tmp_path).train(steps=5, logging=logging)
    Counting(tmp_path).train(steps=7, logging=logging)
    events = EventAccumulator(str(tmp_path / "trackers" / "atelier"))
    events.Reload()
    logged = [(event.step, event.value) for event in events.Scalars("step_number")]
    assert logged == [(2, 0.5), (4, 2.5), (5, 4.0), (6, 5.0), (7, 6.0)]
    assert [event.step for event in events.Images("samples")] == [0, 4, 5, 7]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_after_its_step_with_a_checkpoint_and_a_word(
    number: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    stage = Counting(tmp_path, lambda step: os.kill(os.getpid(), number) if step == 2 else None)
    stage.train(steps=9)
    said = capsys.readouterr().out
    assert said.startswith("stage 0: nothing; on ")
    assert "stopped after step 3 of 9" in said
    assert "done; " not in said
    assert (stage.saved(), stage.sheets()) == ([3], [0, 3])
    assert signal.getsignal(number) == before


def test_a_run_outside_the_main_thread_which_hears_no_signals_trains_all_the_same(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    with ThreadPoolExecutor() as pool:
        pool.submit(stage.train, steps=3).result()
    assert stage.saved() == [3]


@pytest.mark.parametrize(("max_minutes", "warnings"), [(None, 1), (60.0, 0)])
def test_a_run_says_how_long_it_will_be_and_warns_where_that_is_absurd_and_has_no_limit(
    max_minutes: float | None,
    warnings: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in (("TIMED_STEPS", 1), ("TIMED_SECONDS", 0.0), ("ABSURD_SECONDS", 0.0)):
        monkeypatch.setattr(f"common.runs.progress.{name}", value)
    Counting(tmp_path).train(steps=6, max_minutes=max_minutes)
    said = capsys.readouterr().err
    assert [said.count(words) for words in ("more after pre-training", "about", "days or weeks")] == [1, 1, warnings]


def test_a_run_ends_when_its_time_is_over(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    stage.train(steps=9, max_minutes=0.0)
    assert stage.saved() == [1]


@pytest.mark.parametrize("stopped", [False, True])
def test_a_figure_that_is_not_finite_ends_the_run_by_step_name_and_last_checkpoint(
    stopped: bool, tmp_path: Path
) -> None:
    stage = Counting(tmp_path, lambda step: os.kill(os.getpid(), signal.SIGTERM) if stopped and step == 5 else None)
    stage.pair.figure = lambda step: torch.tensor(float("nan") if step == 5 else 1.0)
    message = r"^step 6: not finite since the last log: step_number; .* last complete .* step 5"
    with pytest.raises(UserError, match=message):
        stage.train(steps=9, logging=dataclasses.replace(LOGGING, log_every=100) if stopped else LOGGING)
    assert stage.saved() == [5]


@pytest.mark.parametrize("when_unwritable", ["stop", "go-on"])
def test_a_full_disk_ends_the_run_with_what_is_still_whole_or_is_warned_of(
    when_unwritable: Literal["stop", "go-on"],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, stage = checkpoints.save_file, Counting(tmp_path)
    monkeypatch.setattr(
        checkpoints, "save_file", lambda state, path: full() if "-00000010" in str(path) else whole(state, path)
    )
    stops = when_unwritable == "stop"
    with pytest.raises(UserError) if stops else nullcontext() as caught:
        stage.train(steps=12, logging=dataclasses.replace(LOGGING, when_unwritable=when_unwritable))
    said = str(caught.value) if caught else capsys.readouterr().err
    assert "step 10 could not be saved in" in said
    assert "No space left on device); the last complete checkpoint is from step 5" in said
    assert stage.saved() == ([5] if stops else [12])


def test_a_checkpoint_stands_where_only_its_export_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Counting(tmp_path)
    monkeypatch.setattr(stage, "export", full)
    with pytest.raises(UserError, match=r"No space left on device\); the last complete checkpoint is from step 5"):
        stage.train(steps=5)
    assert stage.saved() == [5]


def test_weights_that_could_not_be_kept_are_not_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Counting(tmp_path)
    export = stage.export

    def full_at_first(folder: Path) -> None:
        if folder.name == "best" and stage.pair.network.weight < 4:
            raise SafetensorError("I/O error: File too large")
        export(folder)

    monkeypatch.setattr(stage, "export", full_at_first)
    stage.fids = iter([20.0, 30.0])
    stage.train(steps=5, logging=SCORED)
    assert "cannot be written: I/O error: File too large" in capsys.readouterr().err
    assert [name for name in stage.exports if name.startswith("best")] == ["best 4"]


def test_a_run_whose_figures_cannot_be_written_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Counting(tmp_path)
    monkeypatch.setattr(stage.run, "log", full)
    stage.train(steps=2)
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert stage.saved() == [2]
