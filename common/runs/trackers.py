"""Log to Accelerate's trackers, such as TensorBoard and Weights & Biases. `metrics.jsonl` does not need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from accelerate import Accelerator
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers
from PIL import Image

from common.errors import UserError, missing_package, suggest

PROJECT = "atelier"


def require_installed(names: Sequence[str]) -> None:
    """Raise UserError for an unknown tracker, or if its package is missing, which Accelerate would ignore silently."""
    available = {str(tracker) for tracker in get_available_trackers()}
    for name in names:
        if name not in LOGGER_TYPE_TO_CLASS:
            raise UserError(f"logging.trackers: unknown tracker {name!r}{suggest(name, LOGGER_TYPE_TO_CLASS)}")
        if name == "tensorboard" and name not in available:
            raise missing_package("logging.trackers: 'tensorboard'", "tensorboard", extra="tracking")
        if name not in available:
            raise UserError(f"logging.trackers: {name!r} needs its package: pip install {name.replace('_', '-')}")


@contextmanager
def open_trackers(
    accelerator: Accelerator, names: Sequence[str], settings: Mapping[str, Any], step: int
) -> Iterator[None]:
    """Open the trackers given to `make_accelerator`; close them however the run ends, as the next run opens its own.

    A tracker that has logged steps after `step` deletes them if it can.
    """
    values = {key: value if isinstance(value, int | float | str) else str(value) for key, value in settings.items()}
    special = {"tensorboard": {"purge_step": step + 1}} if "tensorboard" in names else {}
    accelerator.init_trackers(PROJECT, config=values if step == 0 else None, init_kwargs=special)
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
