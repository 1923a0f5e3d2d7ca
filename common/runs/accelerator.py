"""Accelerate, set up for one run: its processes, its device and its precision.

The stages' `train` makes an `Accelerator` here, and `common.runs.loop` works with it.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed
from accelerate import Accelerator, DistributedDataParallelKwargs, PartialState
from accelerate.state import AcceleratorState, GradientState
from accelerate.utils import GradientAccumulationPlugin, broadcast_object_list

from common.errors import UserError
from common.machine import (
    gains_from_bfloat16,
    give_freed_memory_back,
    has_bfloat16,
    keep_freed_memory,
    share_cores,
    told_to_use_cpu,
)
from common.runs.config import Precision, SettledPrecision
from common.runs.trackers import require_installed

SHARED_STATES = (PartialState, AcceleratorState, GradientState)
"""Accelerate keeps one of each in a process, shared by all its `Accelerator` objects."""
REFUSED = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "a parallelism config",
    "ACCELERATE_FP8_BACKEND": "fp8",
}
"""What `accelerate config` may ask for and training cannot do, by the environment variable that asks."""
OFF = ("", "0", "false", "no")
"""Values by which such a variable asks for nothing."""


@contextmanager
def apart_from_other_runs() -> Iterator[None]:
    """Keep a run apart from whatever else its process does; decorates the function that trains.

    Accelerate refuses a second run in another precision, and a run would change the warnings, the random numbers and
    the `Accelerator` of the notebook around it. At the end the processes wait for each other and leave their group,
    unless it existed before.
    """
    before = [dict(kind._shared_state) for kind in SHARED_STATES]
    joined_before = torch.distributed.is_initialized()
    for kind in SHARED_STATES:
        kind._shared_state.clear()
    try:
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            yield
        if not joined_before:
            _leave_together()
    finally:
        for kind, state in zip(SHARED_STATES, before, strict=True):
            kind._shared_state.clear()
            kind._shared_state.update(state)
        give_freed_memory_back()


def make_accelerator(
    precision: Precision,
    trackers: Sequence[str] = (),
    tracked_in: Path | None = None,
    *,
    so_far: SettledPrecision | None = None,
) -> Accelerator:
    """Return the run's `Accelerator`. Buffers stay local, as several forwards share one backward.

    Trackers write their files into `tracked_in`. `so_far` is the precision that a resumed run had, if it is known.
    Raises UserError if a tracker is not installed, if `accelerate config` asks for something that training cannot do,
    and if the launched processes do not find each other: each would train alone into the same folder.
    """
    require_installed(trackers)
    _require_supported()
    # Of a collection without labels: layers that hear labels have no weights.
    warnings.filterwarnings("ignore", message="Initializing zero-element tensors")
    share_cores()
    keep_freed_memory()
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    # Accelerate joins processes on a CPU only where it is told to.
    cpu = told_to_use_cpu() or (launched > 1 and not torch.accelerator.is_available())
    processes = PartialState(cpu=cpu)
    if processes.num_processes != launched:
        raise UserError(
            f"{launched} processes were started, and Accelerate joined {processes.num_processes}; "
            "start them with torchrun or accelerate launch, on one kind of device"
        )
    # A trial of speed may end otherwise on each, and they are to compute alike.
    main = processes.is_main_process
    own = settled_precision(precision, processes.device, so_far) if main else None
    settled = broadcast_object_list([own])[0]
    mixed_precision = {"float32": "no", "bfloat16": "bf16"}[settled]
    if main:
        _warn_of_what_is_left_out(settled, mixed_precision)
    return Accelerator(
        mixed_precision=mixed_precision,
        cpu=cpu,
        # The environment would win over a plain number of steps.
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        dynamo_backend="no",
        kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
        log_with=list(trackers) or None,
        project_dir=tracked_in,
    )


def settled_precision(
    precision: Precision, device: torch.device, so_far: SettledPrecision | None = None
) -> SettledPrecision:
    """Return what `auto` means on this device: the run's precision so far, unless bfloat16 is emulated here."""
    if precision != "auto":
        return precision
    if so_far == "float32" or (so_far == "bfloat16" and has_bfloat16(device)):
        return so_far
    return "bfloat16" if gains_from_bfloat16(device) else "float32"


def precision_of(accelerator: Accelerator) -> SettledPrecision:
    """Return the precision that its networks compute in."""
    return "bfloat16" if accelerator.mixed_precision == "bf16" else "float32"


def _require_supported() -> None:
    for variable, name in REFUSED.items():
        value = os.environ.get(variable, "")
        if value.lower() not in OFF:
            raise UserError(
                f"Accelerate is told to use {name} ({variable}={value}), which training cannot do; start with python "
                "or torchrun instead of accelerate launch, or run accelerate config again"
            )


def _warn_of_what_is_left_out(settled: SettledPrecision, mixed_precision: str) -> None:
    """Warn of each wish of `accelerate config` that is not used."""
    left_out = {
        "ACCELERATE_DYNAMO_BACKEND": (OFF, "torch.compile cannot differentiate the gradient penalty"),
        "ACCELERATE_MIXED_PRECISION": (
            (*OFF, mixed_precision),
            f"this run computes in {settled}; change that with --set training.precision=",
        ),
        "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": (
            (*OFF, "1"),
            "work through a batch in parts with --set training.accumulation=",
        ),
    }
    for variable, (harmless, reason) in left_out.items():
        value = os.environ.get(variable, "")
        if value.lower() not in harmless:
            print(f"warning: {variable}={value} is not used: {reason}", file=sys.stderr)


def _leave_together() -> None:
    """End work over several processes; nothing can be exchanged afterwards.

    The barrier waits for the threads that exchange tensors: one that still holds a gradient while the interpreter
    shuts down would abort the process.
    """
    processes = PartialState()
    processes.wait_for_everyone()
    processes.destroy_process_group()
    if processes.num_processes > 1:
        # Those threads need the interpreter once more, to let go of what they exchanged. The last holder of the process
        # group waits for them without giving it away, so they are given it here.
        time.sleep(1.0)
