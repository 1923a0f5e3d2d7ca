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
import torch.distributed
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
from common.runs.interruptions import explain_lost_process
from common.runs.trackers import open_trackers

pytestmark = pytest.mark.usefixtures("no_curves")
THREE_IMAGES = ("training.batch_size=3", "training.critic_steps=1", "loss.penalty_every=1")
LOGGING = LoggingSettings(log_every=2, sample_every=4, checkpoint_every=5, keep_checkpoints=1)


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

    stage, resolution, paints_styles, about = 0, 64, False, "stage 0: nothing"
    shown_in_progress = ("step_number",)
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

    def sheets(self) -> list[int]:
        """Steps that a sample sheet was painted at."""
        return sorted(int(path.stem.removeprefix("step-")) for path in (self.run.path / "samples").iterdir())

    def measure(self) -> float:
        return next(self.fids)

    def train(self, steps: int, max_minutes: float | None = None, logging: LoggingSettings = LOGGING) -> None:
        settings = stage1_config(f"training.steps={steps}", "training.pretraining_steps=2", *THREE_IMAGES)
        self.settings = dataclasses.replace(settings, logging=logging)
        self.accelerator = make_accelerator("float32", logging.trackers, self.run.path / "trackers")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trainer, "ValidationFid", lambda *_, **__: self)
            trainer.train(self, self.run, self.dataset, max_minutes=max_minutes)

    def saved(self) -> list[str]:
        return sorted(path.name for path in self.run.checkpoints.iterdir())

    def logged(self) -> list[dict[str, float]]:
        return [json.loads(line) for line in (self.run.path / "metrics.jsonl").read_text().splitlines()]


def test_a_run_logs_means_shows_samples_and_keeps_the_newest_checkpoint(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    stage.train(steps=7)
    assert [(entry["step"], entry["images"], entry["step_number"]) for entry in stage.logged()] == [
        (2, 6, 0.5),
        (4, 12, 2.5),
        (6, 18, 4.5),
        (7, 21, 6.0),
    ]
    assert stage.sheets() == [0, 4, 7]
    assert stage.saved() == ["step-00000007"]
    assert stage.exports == ["export 5", "export 7"]


def test_a_figure_of_some_pictures_is_their_mean_and_absent_where_there_are_none(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    found = iter([(3.0, 4.0), (0.0, 0.0), (1.0, 1.0), (0.0, 0.0), (0.0, 0.0)])
    stage.pair.figure = lambda step: torch.tensor(next(found))
    stage.train(steps=5)
    assert [entry.get("step_number") for entry in stage.logged()] == [0.75, 1.0, None]


def test_a_run_whose_samples_become_alike_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = Counting(tmp_path)
    stage.varieties = iter([0.0, 1.2, 0.6])
    stage.train(steps=12)
    assert [entry["variety"] for entry in stage.logged() if "variety" in entry] == [0.0, 1.2, 0.6]
    assert "warning" not in capsys.readouterr().err
    stage = Counting(tmp_path)
    stage.varieties = iter([0.4])
    stage.train(steps=16)
    assert (
        "step 16: the pictures of a label hardly differ any more (variety 0.40, once 1.20)" in capsys.readouterr().err
    )


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
    assert stage.exports == ["export 5"]
    assert [entry["step"] for entry in stage.logged()] == [2, 4, 5]
    assert stage.saved() == ["step-00000005"]
    assert "nothing left to do" in capsys.readouterr().out


SCORED = dataclasses.replace(LOGGING, checkpoint_every=2, fid_every=2)


def test_the_best_weights_by_fid_are_exported_and_their_checkpoint_is_kept(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    stage.train(steps=7, logging=SCORED)
    measured = [entry for entry in stage.logged() if "fid_validation" in entry]
    assert [(entry["step"], entry["fid_validation"]) for entry in measured] == [(2, 30.0), (4, 20.0), (6, 25.0)]
    assert {entry["fid_samples"] for entry in measured} == {SCORED.fid_samples}
    assert stage.exports == ["best 2", "export 2", "best 4", "export 4", "export 6", "export 7"]
    assert stage.saved() == ["step-00000004", "step-00000007"]


def test_a_resumed_run_remembers_what_was_best(tmp_path: Path) -> None:
    Counting(tmp_path).train(steps=5, logging=SCORED)
    stage = Counting(tmp_path)
    stage.fids = iter([25.0])
    stage.train(steps=7, logging=SCORED)
    assert stage.exports == ["export 6", "export 7"]
    assert stage.saved() == ["step-00000004", "step-00000007"]


def test_trackers_by_name_are_told_what_is_logged_and_painted(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logging = dataclasses.replace(LOGGING, trackers=("tensorboard",))
    Counting(tmp_path).train(steps=5, logging=logging)
    Counting(tmp_path).train(steps=7, logging=logging)
    events = EventAccumulator(str(tmp_path / "trackers" / "atelier"))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("step_number")] == [
        (2, 0.5),
        (4, 2.5),
        (5, 4.0),
        (6, 5.0),
        (7, 6.0),
    ]
    assert [event.step for event in events.Images("samples")] == [0, 4, 5, 7]


def test_trackers_are_closed_where_a_run_fails_so_that_the_next_one_opens_its_own(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    accelerator = make_accelerator("float32", ("tensorboard",), tmp_path)
    with pytest.raises(UserError), open_trackers(accelerator, ("tensorboard",), {}, step=0):
        raise UserError("not finite")
    assert accelerator.trackers[0].writer.all_writers is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_after_its_step_with_a_checkpoint_and_a_word(
    number: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    stage = Counting(tmp_path, lambda step: os.kill(os.getpid(), number) if step == 2 else None)
    stage.train(steps=9)
    assert stage.saved() == ["step-00000003"]
    said = capsys.readouterr().out
    assert said.startswith("stage 0: nothing; on ")
    assert "stopped after step 3 of 9" in said
    assert stage.sheets() == [0, 3]
    assert signal.getsignal(number) == before


def test_a_run_outside_the_main_thread_which_hears_no_signals_trains_all_the_same(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    with ThreadPoolExecutor() as pool:
        pool.submit(stage.train, steps=3).result()
    assert stage.saved() == ["step-00000003"]


@pytest.mark.parametrize(("max_minutes", "warnings"), [(None, 1), (60.0, 0)])
def test_a_run_says_how_long_it_will_be_and_warns_where_that_is_absurd_and_has_no_limit(
    max_minutes: float | None,
    warnings: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("common.runs.progress.TIMED_STEPS", 1)
    monkeypatch.setattr("common.runs.progress.TIMED_SECONDS", 0.0)
    monkeypatch.setattr("common.runs.progress.ABSURD_SECONDS", 0.0)
    Counting(tmp_path).train(steps=6, max_minutes=max_minutes)
    said = capsys.readouterr().err
    assert [said.count(words) for words in ("more after pre-training", "about", "days or weeks")] == [1, 1, warnings]


def test_a_run_ends_when_its_time_is_over(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    stage.train(steps=9, max_minutes=0.0)
    assert stage.saved() == ["step-00000001"]


def not_a_number_at_step_6(step: int) -> Tensor:
    return torch.tensor(float("nan") if step == 5 else 1.0)


def test_a_figure_that_is_not_finite_ends_the_run_by_step_name_and_last_checkpoint(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    stage.pair.figure = not_a_number_at_step_6
    with pytest.raises(
        UserError,
        match=r"^step 6: not finite since the last log: step_number; .* last complete .* step 5",
    ):
        stage.train(steps=9)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-00000005"]


def test_a_run_that_is_stopped_after_such_a_figure_saves_nothing_of_it(tmp_path: Path) -> None:
    stage = Counting(tmp_path, lambda step: os.kill(os.getpid(), signal.SIGTERM) if step == 5 else None)
    stage.pair.figure = not_a_number_at_step_6
    often = dataclasses.replace(LOGGING, log_every=100)
    with pytest.raises(UserError, match=r"^step 6: not finite"):
        stage.train(steps=9, logging=often)
    assert stage.saved() == ["step-00000005"]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = checkpoints.save_file

    def save_file(tensors: dict[str, Tensor], path: Path) -> None:
        if "step-00000010" in str(path):
            raise OSError(28, "No space left on device")
        whole(tensors, path)

    monkeypatch.setattr(checkpoints, "save_file", save_file)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_ends_the_run_with_what_is_still_whole(tmp_path: Path) -> None:
    stage = Counting(tmp_path)
    with pytest.raises(UserError, match=r"^step 10 could not be saved in .*No space left.* is from step 5; make room"):
        stage.train(steps=12)
    assert stage.saved() == ["step-00000005"]


@pytest.mark.usefixtures("full_disk")
def test_a_run_that_is_told_to_goes_on_over_a_full_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = Counting(tmp_path)
    stage.train(steps=12, logging=dataclasses.replace(LOGGING, when_unwritable="go-on"))
    assert "warning: step 10 could not be saved" in capsys.readouterr().err
    assert stage.saved() == ["step-00000012"]


@pytest.mark.parametrize("when_unwritable", ["stop", "go-on"])
def test_a_checkpoint_stands_where_only_its_export_cannot_be_written(
    when_unwritable: Literal["stop", "go-on"],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    stage = Counting(tmp_path)
    monkeypatch.setattr(stage, "export", full)
    logging = dataclasses.replace(LOGGING, when_unwritable=when_unwritable)
    with pytest.raises(UserError) if when_unwritable == "stop" else nullcontext() as caught:
        stage.train(steps=5, logging=logging)
    said = str(caught.value) if caught else capsys.readouterr().err
    assert "No space left on device); the last complete checkpoint is from step 5" in said
    assert stage.saved() == ["step-00000005"]


def test_weights_that_could_not_be_kept_are_not_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Counting(tmp_path)
    export = stage.export

    def full(folder: Path) -> None:
        if folder.name == "best" and stage.pair.network.weight < 4:
            raise SafetensorError("I/O error: File too large")
        export(folder)

    monkeypatch.setattr(stage, "export", full)
    stage.fids = iter([20.0, 30.0])
    stage.train(steps=5, logging=dataclasses.replace(LOGGING, fid_every=2, checkpoint_every=2))
    assert "cannot be written: I/O error: File too large" in capsys.readouterr().err
    assert [name for name in stage.exports if name.startswith("best")] == ["best 4"]


def test_figures_of_other_numbers_of_samples_are_no_match_for_the_best(tmp_path: Path) -> None:
    logging = dataclasses.replace(LOGGING, fid_every=2, checkpoint_every=2, fid_samples=100)
    stage = Counting(tmp_path)
    stage.fids = iter([20.0, 25.0, 30.0])
    stage.train(steps=4, logging=logging)
    stage.train(steps=6, logging=dataclasses.replace(logging, fid_samples=50))
    assert [name for name in stage.exports if name.startswith("best")] == ["best 2", "best 6"]


def test_a_run_whose_figures_cannot_be_written_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    stage = Counting(tmp_path)
    monkeypatch.setattr(stage.run, "log", full)
    stage.train(steps=2)
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert stage.saved() == ["step-00000002"]


@pytest.mark.parametrize(
    "error",
    [torch.distributed.DistBackendError("NCCL"), RuntimeError("[gloo/transport/tcp/pair.cc:537] Connection reset")],
)
def test_the_loss_of_another_process_is_said_in_one_line_with_the_remedy(error: RuntimeError) -> None:
    with pytest.raises(UserError, match=r"another of the 2 processes has died.*--resume"), explain_lost_process(2):
        raise error
    with pytest.raises(type(error)), explain_lost_process(1):
        raise error


def test_an_error_of_our_own_is_not_taken_for_a_lost_process() -> None:
    with pytest.raises(RuntimeError, match="shapes"), explain_lost_process(2):
        raise RuntimeError("shapes do not fit")


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")],
)
def test_a_full_memory_costs_one_line_that_says_what_helps(error: RuntimeError, tmp_path: Path) -> None:
    def fill(step: int) -> None:
        raise error

    with pytest.raises(UserError, match=r"lower training\.batch_size, raise training\.accumulation"):
        Counting(tmp_path, before_step=fill).train(steps=1)
