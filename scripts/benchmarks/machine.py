"""What the machine is called, and how much memory a measurement takes of it."""

from __future__ import annotations

import resource
import sys

import psutil
import torch


def held_memory() -> int:
    """Bytes of the machine's memory that this process holds now."""
    held: int = psutil.Process().memory_info().rss
    return held


def peak_memory(device: torch.device, before: int) -> int:
    """Bytes: of a GPU all that was allocated at once; of the machine's memory what came on top of `before`."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before


def device_name(device: torch.device) -> str:
    """For the first line of what is printed."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"
