"""Set up Accelerate for one run: processes, device, precision, and trackers such as TensorBoard.

The stages' `train` makes an `Accelerator` here; `common.runs.trainer` uses it. `metrics.jsonl` needs no tracker.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.distributed
from accelerate import Accelerator, PartialState
from accelerate.state import AcceleratorState, GradientState
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers
from accelerate.utils import GradientAccumulationPlugin, broadcast_object_list
from PIL import Image

from common.errors import UserError, missing_package, suggest
from common.machine import (
    gains_from_bfloat16,
    give_freed_memory_back,
    has_bfloat16,
    keep_freed_memory,
    launched_place,
    share_cores,
    told_to_use_cpu,
)
from common.runs.config import ComputePrecision, Precision
from common.runs.folder import RunFolder

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
    """Isolate a run from everything else in its process, and explain its failures. Decorates the function that trains.

    Accelerate refuses a second run in another precision. A run would also change the warning filters, the random state
    and the `Accelerator` of the notebook around it. At the end the processes wait for each other and leave their
    process group, unless it existed before.
    """
    before = [dict(kind._shared_state) for kind in SHARED_STATES]
    joined_before = torch.distributed.is_initialized()
    for kind in SHARED_STATES:
        kind._shared_state.clear()
    try:
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), explain_failures(launched_place()[1]):
            yield
        if not joined_before:
            # The barrier waits for the threads that exchange tensors: a thread that still holds a gradient while the
            # interpreter shuts down would abort the process.
            processes = PartialState()
            processes.wait_for_everyone()
            processes.destroy_process_group()
            if processes.num_processes > 1:
                # Those threads need Python's global lock once more to release their tensors. The last owner of the
                # process group waits for them while it holds the lock, so let them run now.
                time.sleep(1.0)
    finally:
        for kind, state in zip(SHARED_STATES, before, strict=True):
            kind._shared_state.clear()
            kind._shared_state.update(state)
        give_freed_memory_back()


@contextmanager
def explain_failures(processes: int) -> Iterator[None]:
    """Raise UserError instead of torch's error if memory is full, or if another of the processes has died."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        # A CPU's allocator and gloo raise a plain RuntimeError.
        full = any(words in str(error) for words in ("can't allocate memory", "not enough memory"))
        if full or isinstance(error, torch.OutOfMemoryError | MemoryError):
            raise UserError(
                "not enough memory; lower training.batch_size, raise training.accumulation to split the same batch "
                "into more parts, or use smaller networks"
            ) from None
        if processes > 1 and (isinstance(error, torch.distributed.DistError) or "gloo" in str(error)):
            raise UserError(
                f"another of the {processes} processes has died, so this one stops; start all again with "
                "--resume (torchrun --max-restarts does this by itself)"
            ) from None
        raise


def make_accelerator(precision: Precision, trackers: Sequence[str] = (), run: RunFolder | None = None) -> Accelerator:
    """Return the `Accelerator` of a run. Trackers write their files into its folder; `auto` keeps its precision so far.

    Raises UserError if a tracker is not installed, if `accelerate config` turns on something that training does not
    support, or if the launched processes do not find each other: each would train alone into the same folder.
    """
    _require_installed(trackers)
    for variable, name in REFUSED.items():
        value = os.environ.get(variable, "")
        if value.lower() not in OFF:
            raise UserError(
                f"Accelerate is told to use {name} ({variable}={value}), which training does not support; start "
                "with python or torchrun instead of accelerate launch, or run accelerate config again"
            )
    # Without labels in the dataset, layers that take a label have no weights.
    warnings.filterwarnings("ignore", message="Initializing zero-element tensors")
    share_cores()
    keep_freed_memory()
    launched = launched_place()[1]
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
    own = chosen_precision(precision, processes.device, run.precision if run else None) if main else None
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
        project_dir=run.path / "trackers" if run else None,
    )


def _require_installed(trackers: Sequence[str]) -> None:
    """Raise UserError for an unknown tracker, or if its package is missing, which Accelerate would ignore silently."""
    available = {str(tracker) for tracker in get_available_trackers()}
    for name in trackers:
        if name not in LOGGER_TYPE_TO_CLASS:
            raise UserError(f"logging.trackers: unknown tracker {name!r}{suggest(name, LOGGER_TYPE_TO_CLASS)}")
        if name == "tensorboard" and name not in available:
            raise missing_package("logging.trackers: 'tensorboard'", "tensorboard", extra="tracking")
        if name not in available:
            raise UserError(f"logging.trackers: {name!r} needs its package: pip install {name.replace('_', '-')}")


def _warn_of_what_is_left_out(settled: ComputePrecision, mixed_precision: str) -> None:
    """Warn of each setting of `accelerate config` that this run ignores."""
    computes = f"this run computes in {settled}; change that with --set training.precision="
    in_parts = "work through a batch in parts with --set training.accumulation="
    for variable, harmless, reason in (
        ("ACCELERATE_DYNAMO_BACKEND", OFF, "torch.compile cannot differentiate the gradient penalty"),
        ("ACCELERATE_MIXED_PRECISION", (*OFF, mixed_precision), computes),
        ("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", (*OFF, "1"), in_parts),
    ):
        value = os.environ.get(variable, "")
        if value.lower() not in harmless:
            print(f"warning: {variable}={value} is not used: {reason}", file=sys.stderr)


def chosen_precision(
    precision: Precision, device: torch.device, so_far: ComputePrecision | None = None
) -> ComputePrecision:
    """Return the precision to compute in. `auto` keeps the run's own, unless this device emulates bfloat16."""
    if precision != "auto":
        return precision
    if so_far == "float32" or (so_far == "bfloat16" and has_bfloat16(device)):
        return so_far
    return "bfloat16" if gains_from_bfloat16(device) else "float32"


def precision_of(accelerator: Accelerator) -> ComputePrecision:
    """Return the precision that the networks compute in."""
    return "bfloat16" if accelerator.mixed_precision == "bf16" else "float32"


def on_any_process(wanted: bool, accelerator: Accelerator) -> bool:
    """Return True on every process if `wanted` is true on one. Several processes wait for each other and the device."""
    if accelerator.num_processes == 1:
        return wanted
    flag = torch.tensor(float(wanted), device=accelerator.device)
    reduced: Any = accelerator.reduce(flag, reduction="sum")
    return float(reduced) > 0


@contextmanager
def open_trackers(accelerator: Accelerator, settings: Mapping[str, Any], step: int) -> Iterator[None]:
    """Open the trackers given to `make_accelerator`; close them however the run ends, as the next run opens its own.

    A tracker that has logged steps after `step` deletes them if it can.
    """
    values = {key: value if isinstance(value, int | float | str) else str(value) for key, value in settings.items()}
    purge = {"tensorboard": {"purge_step": step + 1}}
    accelerator.init_trackers("atelier", config=values if step == 0 else None, init_kwargs=purge)
    try:
        yield
    finally:
        for tracker in accelerator.trackers:
            tracker.finish()


def track_samples(accelerator: Accelerator, sheet: Image.Image, step: int) -> None:
    """Send a sample sheet to the trackers that accept pictures. Main process only."""
    for tracker in accelerator.trackers:
        if hasattr(tracker, "log_images"):
            layout = {"dataformats": "NHWC"} if tracker.name == "tensorboard" else {}
            tracker.log_images({"samples": np.asarray(sheet)[None]}, step=step, **layout)
