"""The name of the device, and the memory that a measurement takes."""

from __future__ import annotations

import resource
import sys

import psutil
import torch


def held_memory() -> int:
    """Return the bytes of the machine's memory that this process holds now."""
    held: int = psutil.Process().memory_info().rss
    return held


def peak_memory(device: torch.device, before: int) -> int:
    """Return the peak in bytes: all allocated memory of a GPU, or the machine's memory above `before`."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before


def device_name(device: torch.device) -> str:
    """Return the device's name, for the first printed line."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"
