"""Set up Accelerate for one run: processes, device and precision.

The stages' `train` makes an `Accelerator` here; `common.runs.trainer` uses it.
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
from accelerate import Accelerator, PartialState
from accelerate.state import AcceleratorState, GradientState
from accelerate.utils import GradientAccumulationPlugin, broadcast_object_list

from common.errors import UserError
from common.machine import give_freed_memory_back, keep_freed_memory, share_cores, told_to_use_cpu
from common.runs.config import ComputePrecision, Precision
from common.runs.precision import chosen_precision
from common.runs.trackers import require_installed

SHARED_STATES = (PartialState, AcceleratorState, GradientState)
"""Accelerate's global states: all `Accelerator` objects of a process share them."""
REFUSED = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "a parallelism config",
    "ACCELERATE_FP8_BACKEND": "fp8",
}
"""Features of `accelerate config` that training does not support, by the environment variable that turns them on."""
OFF = ("", "0", "false", "no")
"""Values of these variables that mean "off"."""


@contextmanager
def apart_from_other_runs() -> Iterator[None]:
    """Isolate a run from everything else in its process. Decorates the function that trains.

    Accelerate refuses a second run in another precision. A run would also change the warning filters, the random state
    and the `Accelerator` of the notebook around it. At the end the processes wait for each other and leave their
    process group, unless it existed before.
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
    so_far: ComputePrecision | None = None,
) -> Accelerator:
    """Return the run's `Accelerator`.

    Trackers write their files into `tracked_in`. `so_far` is the precision of a resumed run so far, if known.

    Raises UserError if a tracker is not installed, if `accelerate config` turns on something that training does not
    support, or if the launched processes do not find each other: each would train alone into the same folder.
    """
    require_installed(trackers)
    _require_supported()
    # Without labels in the dataset, layers that take a label have no weights.
    warnings.filterwarnings("ignore", message="Initializing zero-element tensors")
    share_cores()
    keep_freed_memory()
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    # Accelerate joins processes on CPUs only if told to.
    cpu = told_to_use_cpu() or (launched > 1 and not torch.accelerator.is_available())
    processes = PartialState(cpu=cpu)
    if processes.num_processes != launched:
        raise UserError(
            f"{launched} processes were started, but Accelerate joined {processes.num_processes}; "
            "start them with torchrun or accelerate launch, on one kind of device"
        )
    # The main process decides for all: a speed trial could end differently on each.
    main = processes.is_main_process
    own = chosen_precision(precision, processes.device, so_far) if main else None
    settled = broadcast_object_list([own])[0]
    mixed_precision = {"float32": "no", "bfloat16": "bf16"}[settled]
    if main:
        _warn_of_what_is_left_out(settled, mixed_precision)
    return Accelerator(
        mixed_precision=mixed_precision,
        cpu=cpu,
        # An environment variable would override a plain number of steps.
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        dynamo_backend="no",
        log_with=list(trackers) or None,
        project_dir=tracked_in,
    )


def _require_supported() -> None:
    for variable, name in REFUSED.items():
        value = os.environ.get(variable, "")
        if value.lower() not in OFF:
            raise UserError(
                f"Accelerate is told to use {name} ({variable}={value}), which training does not support; start "
                "with python or torchrun instead of accelerate launch, or run accelerate config again"
            )


def _warn_of_what_is_left_out(settled: ComputePrecision, mixed_precision: str) -> None:
    """Warn of each setting of `accelerate config` that this run ignores."""
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
    """Leave the process group; processes cannot exchange anything afterwards.

    The barrier waits for the threads that exchange tensors: a thread that still holds a gradient while the interpreter
    shuts down would abort the process.
    """
    processes = PartialState()
    processes.wait_for_everyone()
    processes.destroy_process_group()
    if processes.num_processes > 1:
        # Those threads need Python's global lock once more to release their tensors. The last owner of the process
        # group waits for them while it holds the lock, so let them run now.
        time.sleep(1.0)
