"""The loop around both stages' training steps: resume, log, show, save, stop.

A stage hands in what a step does, and the handle that `common.runs.accelerator` made; this module decides when the
rest happens.
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
"""Share of its highest variety below which a run is warned of."""
FINITE = float(2**24)
"""Stands for no step at all: float32 counts every step below it."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What the loop has to know of a stage."""

    about: str
    """What is trained on what, for the line that a run begins with."""
    step: Callable[[int], Mapping[str, Tensor]]
    """Does training step number n, counted from 0, and returns figures without waiting for the device.

    A figure of two values is a sum and the number of pictures that it is of.
    """
    paint_samples: Callable[[], Image.Image]
    """Paints the sample sheet from fixed noise."""
    measure_variety: Callable[[], float] | None
    """How much samples of one label differ, beside paintings of it. None where nothing is known of that."""
    export: Callable[[Path], None]
    """Writes an export of the weights as they are into a folder."""
    measure_fid: Callable[[], float] | None
    """Measures the FID on the validation split; collective. None where none is to be measured."""
    modules: Mapping[str, nn.Module]
    """Unwrapped modules whose weights a checkpoint holds."""
    optimizers: Mapping[str, Optimizer]
    pretraining_steps: int
    """The first steps, in which the critic alone learns. They take less time than the others."""
    images_per_step: int
    """Real paintings shown in one step, over all processes."""
    shown_in_progress: tuple[str, ...]
    """Names of the figures that the progress shows."""


def rows_of_process(schedule: Schedule, process: int, processes: int) -> slice:
    """The rows of the global batch that one process works on. Raises UserError where they do not divide."""
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
    """Train from the newest checkpoint, or from the start, to `total_steps`, or until told to stop."""
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
        """Measure the FID, and keep the weights where it is the best so far."""
        assert stage.measure_fid is not None
        value = stage.measure_fid()
        record({VALIDATION_FID: value, FID_SAMPLES: logging.fid_samples})
        # Of fewer samples FID is higher: figures of other numbers do not compare.
        if best is not None and best.samples == logging.fid_samples and best.fid <= value:
            return best
        written = False
        if main:
            with _warned_of_full_disk(run):
                stage.export(run.best)
                written = True
        return Best(step, value, logging.fid_samples) if _on_any_process(written, accelerator) else best

    def watch_variety(variety: float) -> None:
        """Record it, and warn where it has fallen far below what the run once had."""
        record({"variety": variety})
        highest = max(run.logged("variety"), default=0.0)
        if variety < COLLAPSING * highest:
            print(
                f"warning: step {step}: the pictures of a label hardly differ any more (variety {variety:.2f}, once "
                f"{highest:.2f}), as in a collapse; start anew with a lighter class term for the generator, or with "
                "more critic updates",
                file=sys.stderr,
            )

    def show() -> int:
        """Write the sample sheet and what is read off it; returns the step, which has been shown then."""
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
        """Save, and return the step of the newest checkpoint."""
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
        # The export alone may have failed.
        return step if _on_any_process(newest == step, accelerator) else saved

    with (
        open_trackers(accelerator, logging.trackers, tracked_settings, start),
        full_memory_named(),
        lost_processes_named(accelerator.num_processes),
        _StopRequest(max_minutes, accelerator) as stop,
    ):
        if start >= total_steps:
            # It may have been cut off between its last checkpoint and its export.
            save()
        # What a run begins with tells its pictures from those of random weights, or of the weights that it took.
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
            # A run that is stopped early is looked at as well.
            show()
    progress.close()
    if main and step < total_steps:
        print(f"stopped after step {step} of {total_steps}; go on with the same command and --resume")
    elif main and start >= total_steps:
        print(f"nothing left to do: {run.path} has had {start} of {total_steps} steps; for more, --set training.steps=")


class _Totals:
    """Sums of figures that stay on the device until they are read."""

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
        """What is done meanwhile is no part of the speed."""
        before = time.perf_counter()
        yield
        self._since += time.perf_counter() - before

    def read(self, accelerator: Accelerator, images_per_step: int) -> dict[str, float]:
        """Means since the last reading, over all processes, the speed in real images a second, and the memory in GB."""
        totals: Any = accelerator.reduce(torch.stack([*self._sums.values()]), reduction="sum")
        # Where no picture was of the kind that a figure is of, there is none.
        figures = {
            name: total / number for name, (total, number) in zip(self._sums, totals.tolist(), strict=True) if number
        }
        now = time.perf_counter()
        figures["images_per_second"] = self._steps * images_per_step / (now - self._since)
        figures["memory_gb"] = used_memory(accelerator.device) / 2**30
        self._sums, self._steps, self._since = {}, 0, now
        return figures

    def require_finite(self, accelerator: Accelerator, saved: int) -> None:
        """Raise UserError, on every process, where a figure was not finite on any since this was last asked."""
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
                f"step {int(earliest) + 1}: not finite: {names}; that update was left out and the run ends. "
                f"{_last_whole(saved)}; start anew with lower learning rates, or in float32"
            )


@contextmanager
def lost_processes_named(processes: int) -> Iterator[None]:
    """Raise UserError in place of what the exchange of tensors says when another process is gone."""
    try:
        yield
    except RuntimeError as error:
        # gloo has no exception of its own.
        if processes == 1 or not (isinstance(error, torch.distributed.DistError) or "gloo" in str(error)):
            raise
        raise UserError(
            f"another of the {processes} processes is gone, so this one ends; start all again with --resume "
            "(torchrun --max-restarts does so by itself)"
        ) from None


@contextmanager
def full_memory_named() -> Iterator[None]:
    """Raise UserError in place of what torch says where the memory, of a GPU or the machine's, does not suffice."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        # On a CPU torch has no exception of its own.
        full = isinstance(error, torch.OutOfMemoryError | MemoryError)
        if not full and not any(words in str(error) for words in ("can't allocate memory", "not enough memory")):
            raise
        raise UserError(
            "the memory does not suffice; lower training.batch_size, raise training.accumulation for the same batch in "
            "more parts, or take smaller networks"
        ) from None


@contextmanager
def _warned_of_full_disk(run: RunFolder) -> Iterator[None]:
    """What a run shows of itself is not worth its end; whether it can be saved decides that."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        print(f"warning: {run.path} cannot be written: {reason}", file=sys.stderr)


def _last_whole(step: int) -> str:
    return f"the last whole checkpoint is that of step {step}" if step else "there is no checkpoint yet"


def _on_any_process(wanted: bool, accelerator: Accelerator) -> bool:
    if accelerator.num_processes == 1:
        return wanted
    flag = torch.tensor(float(wanted), device=accelerator.device)
    reduced: Any = accelerator.reduce(flag, reduction="sum")
    return float(reduced) > 0


class _StopRequest:
    """Whether the run should end early: by its time, or by SIGINT or SIGTERM. A second signal ends it at once."""

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
        """True on every process as soon as it is true on one."""
        wanted = self._signalled or (self._deadline is not None and time.monotonic() > self._deadline)
        return _on_any_process(wanted, self._accelerator)
