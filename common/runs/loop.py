"""The loop around both stages' training steps: resume, log, show, save, stop.

A stage hands in what a step does; this module decides when the rest happens, and is the only one beside the
stages' `training.py` that knows Accelerate.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from PIL import Image
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from common.errors import UserError
from common.machine import share_cores
from common.runs.checkpoints import load_newest_checkpoint, save_checkpoint
from common.runs.config import LoggingSettings, Precision
from common.runs.folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What the loop has to know of a stage."""

    step: Callable[[int], Mapping[str, Tensor]]
    """Does training step number n, counted from 0, and returns figures without waiting for the device."""
    paint_samples: Callable[[], Image.Image]
    """Paints the sample sheet from fixed noise."""
    export: Callable[[], None]
    """Writes the run's export folder."""
    modules: Mapping[str, nn.Module]
    """Unwrapped modules whose weights a checkpoint holds."""
    optimizers: Mapping[str, Optimizer]
    images_per_step: int
    """Real paintings shown in one step, over all processes."""
    shown_in_progress: tuple[str, ...]
    """Names of the figures that the progress bar shows."""


def make_accelerator(precision: Precision) -> Accelerator:
    """The process's Accelerate handle; buffers stay local, as several forwards share one backward."""
    share_cores()
    if precision == "auto":
        precision = "bfloat16" if _has_bfloat16() else "float32"
    return Accelerator(
        mixed_precision={"float32": "no", "bfloat16": "bf16"}[precision],
        kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
    )


def _has_bfloat16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # A CPU without the instructions emulates them, far slower than float32; torch 2.8 cannot tell which has them.
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def rows_of_process(batch_size: int, process: int, processes: int) -> slice:
    """The rows of the global batch that one process works on. Raises UserError where they do not divide."""
    if batch_size % processes:
        raise UserError(
            f"training.batch_size {batch_size} does not divide over {processes} processes; make it a multiple"
        )
    share = batch_size // processes
    return slice(process * share, (process + 1) * share)


def run_loop(
    stage: Stage,
    run: RunFolder,
    accelerator: Accelerator,
    logging: LoggingSettings,
    total_steps: int,
    max_minutes: float | None,
) -> None:
    """Train from the newest checkpoint, or from the start, to `total_steps`, or until told to stop."""
    start = load_newest_checkpoint(run.checkpoints, stage.modules, stage.optimizers)
    main = accelerator.is_main_process
    if main:
        run.forget_after(start)
    totals = _Totals()
    progress = tqdm(
        initial=start, total=total_steps, unit="step", disable=not main, dynamic_ncols=True, mininterval=1.0
    )
    step, saved = start, start

    def save() -> None:
        if main:
            save_checkpoint(run.checkpoints, step, stage.modules, stage.optimizers, logging.keep_checkpoints)
            stage.export()
        accelerator.wait_for_everyone()

    with _StopRequest(max_minutes, accelerator) as stop:
        while step < total_steps:
            totals.add(stage.step(step))
            step += 1
            progress.update()
            last = step == total_steps
            if step % logging.log_every == 0 or last:
                figures = totals.read(accelerator, stage.images_per_step)
                if main:
                    run.log({"step": step, "images": step * stage.images_per_step, **figures})
                    shown = {name: f"{figures[name]:.2f}" for name in stage.shown_in_progress if name in figures}
                    progress.set_postfix(shown)
            if (step % logging.sample_every == 0 or last) and main:
                run.save_samples(stage.paint_samples(), step)
            if step % logging.checkpoint_every == 0 or last:
                save()
                saved = step
            if stop.requested():
                break
        if step > saved:
            save()
    progress.close()
    if main and step < total_steps:
        print(f"stopped after step {step} of {total_steps}; go on with the same command and --resume")
    leave_together(accelerator)


def leave_together(accelerator: Accelerator) -> None:
    """End work over several processes; nothing can be exchanged afterwards.

    The barrier waits for the threads that exchange tensors: one that still holds a gradient while the interpreter
    shuts down would abort the process.
    """
    accelerator.wait_for_everyone()
    accelerator.end_training()


class _Totals:
    """Sums of figures that stay on the device until they are read."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: Counter[str] = Counter()
        self._steps = 0
        self._since = time.perf_counter()

    def add(self, figures: Mapping[str, Tensor]) -> None:
        for name, value in figures.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value.detach()
            self._counts[name] += 1
        self._steps += 1

    def read(self, accelerator: Accelerator, images_per_step: int) -> dict[str, float]:
        """Means since the last reading, over all processes, and the speed in real images a second."""
        own = torch.stack([total / self._counts[name] for name, total in self._sums.items()])
        means: Any = accelerator.reduce(own, reduction="mean")
        figures = dict(zip(self._sums, means.tolist(), strict=True))
        now = time.perf_counter()
        figures["images_per_second"] = self._steps * images_per_step / (now - self._since)
        self._sums, self._counts, self._steps, self._since = {}, Counter(), 0, now
        return figures


class _StopRequest:
    """Whether the run should end early: by its time, or by SIGINT or SIGTERM. A second signal ends it at once."""

    def __init__(self, max_minutes: float | None, accelerator: Accelerator) -> None:
        self._deadline = time.monotonic() + 60 * max_minutes if max_minutes is not None else None
        self._accelerator = accelerator
        self._signalled = False

    def __enter__(self) -> _StopRequest:
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
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
        if self._accelerator.num_processes == 1:
            return wanted
        flag = torch.tensor(float(wanted), device=self._accelerator.device)
        reduced: Any = self._accelerator.reduce(flag, reduction="sum")
        return float(reduced) > 0
