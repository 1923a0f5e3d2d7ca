"""What the machine offers to this process, and taking it."""

from __future__ import annotations

import ctypes
import os
import sys

import torch

from common.errors import UserError

# Of mallopt(3), as glibc's malloc.h numbers them.
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_MMAP_MAX = -4


def available_cores() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_cores() -> None:
    """Give this process its share of the cores where a launcher left it one thread.

    `accelerate launch` and torchrun set OMP_NUM_THREADS to 1 where nothing else is said, and a lone process on a
    CPU would work at half its speed or less.
    """
    launched = "ACCELERATE_MIXED_PRECISION" in os.environ or "LOCAL_WORLD_SIZE" in os.environ
    if launched and os.environ.get("OMP_NUM_THREADS") == "1":
        processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        torch.set_num_threads(max(1, available_cores() // processes))


def keep_freed_memory() -> None:
    """Have the C library keep what is freed for what is allocated next; does nothing where it is not glibc.

    Otherwise it gives every large tensor back to the system, which hands out pages of zeros for the next one: up to a
    fifth of a training step on a CPU.
    """
    if library := glibc():
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def glibc() -> ctypes.CDLL | None:
    """The C library of this process, where it is GNU's."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "gnu_get_libc_version") else None


def own_device(name: str) -> torch.device:
    """The device of that name; of several `cuda` ones, this process's own. Raises UserError where there is none."""
    try:
        device = torch.empty(0, device=name).device
    except (RuntimeError, AssertionError):
        raise UserError(f"device {name!r} is not on this machine; leave --device out, or give cpu") from None
    if name == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    return device


def used_memory(device: torch.device) -> int:
    """Bytes that this process holds: of a GPU the most so far, else of the machine's memory now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    import psutil  # Painting needs none of it.

    held: int = psutil.Process().memory_info().rss
    return held


def launched_place() -> tuple[int, int]:
    """This process's number among those that a launcher started together, and how many they are; 0 and 1 alone."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
