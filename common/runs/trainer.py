"""Train either stage: open its run, then step, log, paint samples, save, stop.

A stage brings a `Trainer`, which knows its losses, batches and pictures. This module decides when everything happens.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from accelerate import Accelerator
from jaxtyping import Float
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor, nn

from common.config import as_values, flatten
from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.runs.accelerator import on_any_process, open_trackers, precision_of, track_samples
from common.runs.checkpoints import Best, load_newest_checkpoint, save_checkpoint, set_aside_after
from common.runs.config import StageSettings
from common.runs.exports import start_from_weights
from common.runs.folder import RunFolder
from common.runs.metrics import FID_SAMPLES, VALIDATION_FID, RunningFigures, read_metrics, save_curves, validation_fid
from common.runs.pair import AdversarialPair
from common.runs.progress import Progress, stop_requests

IN_PROGRESS = (
    "critic_gap", "penalty", "accuracy_real", "accuracy_fake", "style_real", "style_fake", "images_per_second",
)  # fmt: skip
"""The figures that are shown beside the progress, if the stage has them."""
COLLAPSING = 0.35
"""The run warns if its variety falls below this share of its highest."""


@runtime_checkable
class Trainer(Protocol):
    """What training needs from a stage."""

    stage: int
    accelerator: Accelerator
    pair: AdversarialPair
    resolution: int
    """Side of the painted pictures, in pixels."""
    about: str
    """What is trained on what: the beginning of the line that a run prints first."""
    eyes: str
    """The weights of the frozen network that the critic reads; empty for a critic of pixels alone."""
    origin: Mapping[str, Any]
    """What the run folder records of a new run."""

    @property
    def settings(self) -> StageSettings:
        """The run's settings."""

    def build(self, num_genres: int, num_styles: int) -> tuple[nn.Module, nn.Module]:
        """Return a generator and a critic with random weights, for other numbers of labels."""

    def paint(
        self, seeds: Sequence[int], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Paint pictures with the averaged weights."""

    def sheet(self) -> Image.Image:
        """Paint the sample sheet from fixed noise."""

    def variety(self) -> float | None:
        """Measure how much samples of one label differ, relative to its paintings. None if it cannot be measured."""

    def export(self, folder: Path) -> None:
        """Write an export of the averaged weights into a folder."""

    def keep_inputs(self, export: Path) -> None:
        """Write into a new run's export folder what this stage was started on and must find again to resume."""


def train(
    trainer: Trainer, run: RunFolder, dataset: PaintingDataset, *, start_from: Path | None, max_minutes: float | None
) -> None:
    """Train until the last step, the time limit or a signal: from the newest checkpoint, `start_from`, or from scratch.

    Writes nothing before everything is checked. Raises UserError if the run was started from other weights, if
    `start_from` has other networks, or if FID cannot be measured.
    """
    settings, accelerator = trainer.settings, trainer.accelerator
    started_from: str | None = None
    unknown: list[str] = []
    if start_from is not None:
        networks, labels = trainer.pair.modules, dataset.vocabulary
        started_from, unknown = start_from_weights(networks, start_from, trainer.stage, trainer.build, labels)
    run.check_start(start_from, started_from)
    run.check_eyes(trainer.eyes)
    measure_fid = None
    if settings.logging.fid_every:
        samples = settings.logging.fid_samples
        measure_fid = validation_fid(dataset, trainer.resolution, samples, trainer.paint, accelerator)
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        start = {"started_from": started_from, "started_from_folder": start_from and str(start_from)}
        run.open(settings, precision_of(accelerator), dataset, {**start, "eyes": trainer.eyes, **trainer.origin})
        trainer.keep_inputs(run.export)
    accelerator.wait_for_everyone()
    deadline = math.inf if max_minutes is None else time.monotonic() + 60 * max_minutes
    loop = _Loop(trainer, run, measure_fid, deadline)
    if start_from is not None and loop.step == 0 and accelerator.is_main_process:
        print(
            f"starts from the weights of {start_from}; labels new to them: {', '.join(unknown) or 'none'}", flush=True
        )
    with open_trackers(accelerator, flatten(as_values(settings)), loop.step), stop_requests(deadline) as must_stop:
        loop.run(must_stop)


class _Loop:
    """The position of a run: its step, its newest checkpoint, its best weights."""

    def __init__(
        self, trainer: Trainer, run: RunFolder, measure_fid: Callable[[], float] | None, deadline: float
    ) -> None:
        """Load the newest checkpoint, if there is one."""
        self._trainer, self._run, self._measure_fid = trainer, run, measure_fid
        self._accelerator, self._is_main = trainer.accelerator, trainer.accelerator.is_main_process
        self._logging, schedule, pair = trainer.settings.logging, trainer.settings.training, trainer.pair
        self._images_per_step, self._total_steps = schedule.batch_size * schedule.critic_steps, schedule.steps
        self.step, self._best = load_newest_checkpoint(run.checkpoints, pair.modules, pair.optimizers)
        """Number of steps done."""
        self._saved = self.step
        """The step of the newest checkpoint."""
        self._accelerator.wait_for_everyone()
        if self._is_main:
            set_aside_after(run.checkpoints, self.step)
            run.forget_after(self.step)
        self._figures = RunningFigures(self._accelerator, self._images_per_step)
        self._progress = Progress(
            self.step, schedule.steps, schedule.pretraining_steps, deadline=deadline, shown=self._is_main
        )

    def run(self, must_stop: Callable[[], bool]) -> None:
        """Train; log, measure, save and show when each is due."""
        logging, accelerator = self._logging, self._accelerator
        if self.step >= self._total_steps:
            # The run may have been killed between its last checkpoint and its export.
            self._save()
            at = f"{self._run.path} is at step {self.step} of {self._total_steps}"
            self._say(f"nothing left to do: {at}; for more, --set training.steps=NUMBER")
            return
        device = torch.cuda.get_device_name() if accelerator.device.type == "cuda" else accelerator.device.type
        self._say(f"{self._trainer.about}; on {device} in {precision_of(accelerator)}; samples in {self._run.samples}")
        if self.step == 0:
            # Samples from before the first step show what training changes.
            self._show()
        last = False
        while not last:
            self._figures.add(self._trainer.pair.step(self.step))
            self.step += 1
            self._progress.advance()
            last = self.step == self._total_steps
            logs = last or self.step % logging.log_every == 0
            # Several GPUs would have to wait for each other to ask, so they ask when they wait anyway.
            if logs or accelerator.num_processes == 1 or accelerator.device.type == "cpu":
                last = on_any_process(last or must_stop(), accelerator)
            if logs:
                self._log()
            if self._measure_fid is not None and self.step % logging.fid_every == 0:
                self._require_finite()
                with self._figures.clock_stopped():
                    self._keep_if_best(self._measure_fid())
            if last or self.step % logging.checkpoint_every == 0:
                self._save()
            if last or self.step % logging.sample_every == 0:
                self._show()
        self._progress.close()
        if self.step < self._total_steps:
            self._say(
                f"stopped after step {self.step} of {self._total_steps}; to continue, use the same command with "
                "--resume"
            )
        else:
            self._say(f"done; to paint with these weights: python scripts/generate.py --weights {self._run.path}")

    def _log(self) -> None:
        self._require_finite()
        figures = self._figures.read()
        self._record(figures)
        self._progress.show({name: figures[name] for name in IN_PROGRESS if name in figures})

    def _record(self, figures: Mapping[str, float]) -> None:
        if self._is_main:
            with _warn_of_full_disk(self._run.path):
                self._run.log({"step": self.step, "images": self.step * self._images_per_step, **figures})
        self._accelerator.log(dict(figures), step=self.step)

    def _keep_if_best(self, fid: float) -> None:
        """Log the FID; export the weights if it is the best so far."""
        samples = self._logging.fid_samples
        self._record({VALIDATION_FID: fid, FID_SAMPLES: samples})
        # FID depends on the number of samples, so FIDs of different numbers do not compare.
        if self._best is not None and self._best.samples == samples and self._best.fid <= fid:
            return
        written = False
        if self._is_main:
            with _warn_of_full_disk(self._run.path):
                self._trainer.export(self._run.best)
                written = True
        if on_any_process(written, self._accelerator):
            self._best = Best(self.step, fid, samples)

    def _show(self) -> None:
        """Write the sample sheet, its variety and the curves."""
        if not self._is_main:
            return
        sheet = self._trainer.sheet()
        track_samples(self._accelerator, sheet, self.step)
        with _warn_of_full_disk(self._run.path):
            sheet.save(self._run.samples / f"step-{self.step:08d}.png")
            if self.step:
                self._watch_variety()
                save_curves(self._run.metrics, self._run.path / "curves.png")

    def _watch_variety(self) -> None:
        """Log the variety, and warn if it is far below the highest of this run."""
        variety = self._trainer.variety()
        if variety is None:
            return
        self._record({"variety": variety})
        logged = [line.get("variety", 0.0) for line in read_metrics(self._run.metrics)]
        highest = max(filter(math.isfinite, logged), default=0.0)
        if variety < COLLAPSING * highest:
            print(
                f"warning: step {self.step}: the pictures of a label hardly differ any more (variety {variety:.2f}, "
                f"once {highest:.2f}), a sign of mode collapse; start a new run with a smaller class loss for the "
                "generator or with more critic updates",
                file=sys.stderr,
            )

    def _save(self) -> None:
        """Save a checkpoint and the export. If that fails, stop or warn, as the settings say."""
        self._require_finite()
        problem = ""
        if self._is_main:
            try:
                if self.step > self._saved:
                    pair, keep = self._trainer.pair, self._logging.keep_checkpoints
                    save_checkpoint(self._run.checkpoints, self.step, pair.modules, pair.optimizers, keep, self._best)
                    self._saved = self.step
                self._trainer.export(self._run.export)
            except (OSError, SafetensorError) as error:
                problem = f"step {self.step} could not be saved in {self._run.path} ({error}); {self._last_whole()}"
        if not on_any_process(bool(problem), self._accelerator):
            self._saved = self.step
        elif self._logging.when_unwritable == "stop":
            raise UserError(f"{problem or 'another process could not save'}; make room and go on with --resume")
        elif problem:
            print(f"warning: {problem}", file=sys.stderr)

    def _require_finite(self) -> None:
        """Raise UserError on every process if any process had a figure that is not finite since the last reading."""
        if names := self._figures.not_finite():
            raise UserError(
                f"step {self.step}: not finite since the last log: {', '.join(names)}; such updates were skipped and "
                f"the run stops; {self._last_whole()}; start a new run with lower learning rates, or in float32"
            )

    def _say(self, line: str) -> None:
        if self._is_main:
            print(line, flush=True)

    def _last_whole(self) -> str:
        return (
            f"the last complete checkpoint is from step {self._saved}" if self._saved else "there is no checkpoint yet"
        )


@contextmanager
def _warn_of_full_disk(folder: Path) -> Iterator[None]:
    """Warn if the disk is full. Only a checkpoint that cannot be saved stops a run."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        print(f"warning: {folder} cannot be written: {reason}", file=sys.stderr)
