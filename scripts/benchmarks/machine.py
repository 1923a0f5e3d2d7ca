"""What the machine is called, and how much memory a measurement takes of it."""

from __future__ import annotations

import resource
import sys

import psutil
import torch

from common.machine import M_MMAP_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, glibc


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


def give_freed_memory_back() -> None:
    """Undo `keep_freed_memory`: what glibc comes to by itself after large tensors were freed, at its most generous."""
    if library := glibc():
        library.mallopt(M_MMAP_MAX, 65536)
        library.mallopt(M_MMAP_THRESHOLD, 32 * 2**20)
        library.mallopt(M_TRIM_THRESHOLD, 64 * 2**20)
        library.malloc_trim(0)


def device_name(device: torch.device) -> str:
    """For the first line of what is printed."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"
