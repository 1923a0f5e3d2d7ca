"""What ends a run early: a signal, its time limit, full memory, a lost process, a full disk."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

import torch
import torch.distributed
from accelerate import Accelerator
from safetensors import SafetensorError

from common.errors import UserError


class StopRequest:
    """A request to stop early: the time limit, SIGINT or SIGTERM. A second signal ends the process at once."""

    def __init__(self, max_minutes: float | None) -> None:
        self._deadline = time.monotonic() + 60 * max_minutes if max_minutes is not None else None
        self._signalled = False

    def __enter__(self) -> StopRequest:
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

    def made(self) -> bool:
        """Return True if this process must stop."""
        return self._signalled or (self._deadline is not None and time.monotonic() > self._deadline)


def on_any_process(wanted: bool, accelerator: Accelerator) -> bool:
    """Return True on every process if `wanted` is true on one. Several processes wait for each other and the device."""
    if accelerator.num_processes == 1:
        return wanted
    flag = torch.tensor(float(wanted), device=accelerator.device)
    reduced: Any = accelerator.reduce(flag, reduction="sum")
    return float(reduced) > 0


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
def warn_of_full_disk(folder: Path) -> Iterator[None]:
    """Warn if the disk is full. Only a checkpoint that cannot be saved stops a run."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        print(f"warning: {folder} cannot be written: {reason}", file=sys.stderr)
