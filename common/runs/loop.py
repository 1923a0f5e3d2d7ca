"""The training loop of both stages: resume, log, paint samples, save, stop.

A stage passes in its training step, and the `Accelerator` that `common.runs.accelerator` made. This module decides when
everything else happens.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

import torch
import torch.distributed
from accelerate import Accelerator
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.optim import Optimizer

from common.errors import UserError
from common.machine import used_memory
from common.runs.accelerator import precision_of
from common.runs.checkpoints import (
    Best,
    UnwritableError,
    load_newest_checkpoint,
    save_checkpoint,
    set_aside_after,
)
from common.runs.config import LoggingSettings, Schedule
from common.runs.folder import RunFolder
from common.runs.metrics import FID_SAMPLES, VALIDATION_FID
from common.runs.progress import Progress
from common.runs.trackers import open_trackers, track_samples

COLLAPSING = 0.35
"""The run warns if its variety falls below this share of its highest."""
FINITE = float(2**24)
"""Stands for "no bad step". Float32 represents every step number below it exactly."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What the loop needs from a stage."""

    about: str
    """What is trained on what: the beginning of the line that a run prints first."""
    step: Callable[[int], Mapping[str, Tensor]]
    """Runs training step number n, counted from 0, and returns figures without waiting for the device.

    A figure with two values is a sum over some pictures and their number.
    """
    paint_samples: Callable[[], Image.Image]
    """Paints the sample sheet from fixed noise."""
    measure_variety: Callable[[], float] | None
    """Measures how much samples of one label differ, relative to its paintings. None if that cannot be measured."""
    export: Callable[[Path], None]
    """Writes an export of the current weights into a folder."""
    measure_fid: Callable[[], float] | None
    """Measures the FID on the validation split; all processes must call it. None if the FID is not measured."""
    modules: Mapping[str, nn.Module]
    """Unwrapped modules that a checkpoint stores."""
    optimizers: Mapping[str, Optimizer]
    pretraining_steps: int
    """Number of first steps, in which only the critic trains. They take less time than the others."""
    images_per_step: int
    """Real paintings shown per step, over all processes."""
    shown_in_progress: tuple[str, ...]
    """Names of the figures in the progress bar."""


def rows_of_process(schedule: Schedule, process: int, processes: int) -> slice:
    """Return the rows of the global batch for one process. Raises UserError if they do not divide evenly."""
    parts = processes * schedule.accumulation
    if schedule.batch_size % parts:
        raise UserError(
            f"training.batch_size {schedule.batch_size} does not divide over {processes} processes and "
            f"{schedule.accumulation} parts (training.accumulation); make it a multiple of {parts}"
        )
    share = schedule.batch_size // processes
    return slice(process * share, (process + 1) * share)


def run_loop(
    stage: Stage,
    run: RunFolder,
    accelerator: Accelerator,
    logging: LoggingSettings,
    total_steps: int,
    max_minutes: float | None,
    tracked_settings: Mapping[str, Any],
) -> None:
    """Train from the newest checkpoint, or from the start, until `total_steps`, the time limit or a signal."""
    start, best = load_newest_checkpoint(run.checkpoints, stage.modules, stage.optimizers)
    main = accelerator.is_main_process
    accelerator.wait_for_everyone()
    if main:
        set_aside_after(run.checkpoints, start)
        run.forget_after(start)
    if main and start < total_steps:
        place = torch.cuda.get_device_name() if accelerator.device.type == "cuda" else accelerator.device.type
        print(
            f"{stage.about}; on {place} in {precision_of(accelerator)}; samples in {run.path / 'samples'}", flush=True
        )
    totals = _Totals()
    progress = Progress(
        start,
        total_steps,
        shown=main,
        pretraining_steps=stage.pretraining_steps,
        has_time_limit=max_minutes is not None,
    )
    step, saved = start, start

    def record(figures: Mapping[str, float]) -> None:
        if main:
            with _warned_of_full_disk(run):
                run.log({"step": step, "images": step * stage.images_per_step, **figures})
        accelerator.log(dict(figures), step=step)

    def measure(best: Best | None) -> Best | None:
        """Measure the FID, and keep the weights if it is the best so far."""
        assert stage.measure_fid is not None
        value = stage.measure_fid()
        record({VALIDATION_FID: value, FID_SAMPLES: logging.fid_samples})
        # FID depends on the number of samples, so FIDs of different numbers do not compare.
        if best is not None and best.samples == logging.fid_samples and best.fid <= value:
            return best
        written = False
        if main:
            with _warned_of_full_disk(run):
                stage.export(run.best)
                written = True
        return Best(step, value, logging.fid_samples) if _on_any_process(written, accelerator) else best

    def watch_variety(variety: float) -> None:
        """Log the variety, and warn if it is far below the highest of this run."""
        record({"variety": variety})
        highest = max(run.logged("variety"), default=0.0)
        if variety < COLLAPSING * highest:
            print(
                f"warning: step {step}: the pictures of a label hardly differ any more (variety {variety:.2f}, once "
                f"{highest:.2f}), a sign of mode collapse; start a new run with a smaller class loss for the generator "
                "or with more critic updates",
                file=sys.stderr,
            )

    def show() -> int:
        """Write the sample sheet, its variety and the curves; return the step of the sheet."""
        if main:
            sheet = stage.paint_samples()
            track_samples(accelerator, sheet, step)
            with _warned_of_full_disk(run):
                run.save_samples(sheet, step)
                if stage.measure_variety is not None and step:
                    watch_variety(stage.measure_variety())
                if step:
                    run.save_curves()
        return step

    def save() -> int:
        """Save a checkpoint and the export; return the step of the newest checkpoint."""
        problem, newest = "", saved
        if main:
            try:
                if step > saved:
                    keep = logging.keep_checkpoints
                    save_checkpoint(run.checkpoints, step, stage.modules, stage.optimizers, keep, best)
                    newest = step
                stage.export(run.export)
            except (UnwritableError, OSError, SafetensorError) as error:
                problem = f"step {step} could not be saved in {run.path} ({error}); {_last_whole(newest)}"
        if not _on_any_process(bool(problem), accelerator):
            return step
        if logging.when_unwritable == "stop":
            raise UserError(f"{problem or 'another process could not save'}; make room and go on with --resume")
        if main:
            print(f"warning: {problem}", file=sys.stderr)
        # Perhaps only the export failed.
        return step if _on_any_process(newest == step, accelerator) else saved

    with (
        open_trackers(accelerator, logging.trackers, tracked_settings, start),
        explain_out_of_memory(),
        explain_lost_process(accelerator.num_processes),
        _StopRequest(max_minutes, accelerator) as stop,
    ):
        if start >= total_steps:
            # The run may have been killed between its last checkpoint and its export.
            save()
        # Samples from before the first step show what training changes.
        shown = show() if step == 0 else step
        while step < total_steps:
            totals.add(step, stage.step(step))
            step += 1
            progress.advance()
            last = step == total_steps
            if step % logging.log_every == 0 or last:
                totals.require_finite(accelerator, saved)
                figures = totals.read(accelerator, stage.images_per_step)
                record(figures)
                progress.show({name: figures[name] for name in stage.shown_in_progress if name in figures})
            if stage.measure_fid is not None and step % logging.fid_every == 0:
                totals.require_finite(accelerator, saved)
                with totals.clock_stopped():
                    best = measure(best)
            if step % logging.sample_every == 0 or last:
                shown = show()
            if step % logging.checkpoint_every == 0 or last:
                totals.require_finite(accelerator, saved)
                saved = save()
            if stop.requested():
                break
        if step > saved:
            totals.require_finite(accelerator, saved)
            saved = save()
        if step > shown:
            # A run that stops early shows its last samples too.
            show()
    progress.close()
    if main and step < total_steps:
        print(f"stopped after step {step} of {total_steps}; to continue, use the same command with --resume")
    elif main and start >= total_steps:
        print(f"nothing left to do: {run.path} is at step {start} of {total_steps}; for more, --set training.steps=")


class _Totals:
    """Sums of figures, kept on the device until they are read."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._bad: dict[str, Tensor] = {}
        self._steps = 0
        self._since = time.perf_counter()

    def add(self, step: int, figures: Mapping[str, Tensor]) -> None:
        for name, value in figures.items():
            value = value.detach().float()
            if value.ndim == 0:
                value = torch.stack([value, torch.ones_like(value)])
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value
            earlier = self._bad.get(name, torch.full_like(value[0], FINITE))
            self._bad[name] = torch.where(value.isfinite().all(), earlier, earlier.clamp(max=step))
        self._steps += 1

    @contextmanager
    def clock_stopped(self) -> Iterator[None]:
        """Leave the time inside out of the measured speed."""
        before = time.perf_counter()
        yield
        self._since += time.perf_counter() - before

    def read(self, accelerator: Accelerator, images_per_step: int) -> dict[str, float]:
        """Return means over all processes since the last reading, speed in real images per second and memory in GB."""
        totals: Any = accelerator.reduce(torch.stack([*self._sums.values()]), reduction="sum")
        # A figure is left out if there was no picture to measure it on.
        figures = {
            name: total / number for name, (total, number) in zip(self._sums, totals.tolist(), strict=True) if number
        }
        now = time.perf_counter()
        figures["images_per_second"] = self._steps * images_per_step / (now - self._since)
        figures["memory_gb"] = used_memory(accelerator.device) / 2**30
        self._sums, self._steps, self._since = {}, 0, now
        return figures

    def require_finite(self, accelerator: Accelerator, saved: int) -> None:
        """Raise UserError on every process if any process had a figure that is not finite since the last call."""
        if not self._bad:
            return
        own = torch.stack([step.float() for step in self._bad.values()])
        steps: Any = accelerator.gather(own[None])
        first = dict(zip(self._bad, steps.amin(dim=0).tolist(), strict=True))
        self._bad = {}
        earliest = min(first.values())
        if earliest < FINITE:
            names = ", ".join(name for name, step in first.items() if step == earliest)
            raise UserError(
                f"step {int(earliest) + 1}: not finite: {names}; that update was skipped and the run stops; "
                f"{_last_whole(saved)}; start a new run with lower learning rates, or in float32"
            )


@contextmanager
def explain_lost_process(processes: int) -> Iterator[None]:
    """Raise UserError instead of torch's communication error if another process has died."""
    try:
        yield
    except RuntimeError as error:
        # gloo raises a plain RuntimeError.
        if processes == 1 or not (isinstance(error, torch.distributed.DistError) or "gloo" in str(error)):
            raise
        raise UserError(
            f"another of the {processes} processes has died, so this one stops; start all again with "
            "--resume (torchrun --max-restarts does this by itself)"
        ) from None


@contextmanager
def explain_out_of_memory() -> Iterator[None]:
    """Raise UserError instead of torch's error if the memory of a GPU or of the machine is full."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        # On a CPU torch raises a plain RuntimeError.
        full = isinstance(error, torch.OutOfMemoryError | MemoryError)
        if not full and not any(words in str(error) for words in ("can't allocate memory", "not enough memory")):
            raise
        raise UserError(
            "not enough memory; lower training.batch_size, raise training.accumulation to split the same batch into "
            "more parts, or use smaller networks"
        ) from None


@contextmanager
def _warned_of_full_disk(run: RunFolder) -> Iterator[None]:
    """Warn if the disk is full. Only a checkpoint that cannot be saved stops a run."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        print(f"warning: {run.path} cannot be written: {reason}", file=sys.stderr)


def _last_whole(step: int) -> str:
    return f"the last complete checkpoint is from step {step}" if step else "there is no checkpoint yet"


def _on_any_process(wanted: bool, accelerator: Accelerator) -> bool:
    if accelerator.num_processes == 1:
        return wanted
    flag = torch.tensor(float(wanted), device=accelerator.device)
    reduced: Any = accelerator.reduce(flag, reduction="sum")
    return float(reduced) > 0


class _StopRequest:
    """A request to stop early: the time limit, SIGINT or SIGTERM. A second signal ends the process at once."""

    def __init__(self, max_minutes: float | None, accelerator: Accelerator) -> None:
        self._deadline = time.monotonic() + 60 * max_minutes if max_minutes is not None else None
        self._accelerator = accelerator
        self._signalled = False

    def __enter__(self) -> _StopRequest:
        # Python handles signals in the main thread only.
        heard = (signal.SIGINT, signal.SIGTERM) if current_thread() is main_thread() else ()
        self._before = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signalled = True
        signal.signal(number, signal.SIG_DFL)

    def requested(self) -> bool:
        """Return True on every process as soon as one of them must stop."""
        wanted = self._signalled or (self._deadline is not None and time.monotonic() > self._deadline)
        return _on_any_process(wanted, self._accelerator)
