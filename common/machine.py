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

CLEARLY_FASTER = 1.3
"""Times that a CPU has to multiply faster in bfloat16 than in float32; with less, casting costs what it gains."""


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


def has_bfloat16() -> bool:
    """Whether the device has instructions for bfloat16; one without emulates them, far slower than float32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # torch 2.8 cannot tell what a CPU has.
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def gains_from_bfloat16() -> bool:
    """Whether networks run faster in bfloat16 here; on a CPU that has the instructions this takes a moment's trial.

    Having them does not tell: a training step was 1.9 times as fast on one such processor and 0.8 times on another.
    """
    if torch.cuda.is_available() or not has_bfloat16():
        return has_bfloat16()
    return _times_as_fast_in_bfloat16() > CLEARLY_FASTER


def _times_as_fast_in_bfloat16() -> float:
    from torch.utils.benchmark import Timer  # A quarter of a second that painting has no use for.

    matrices = (torch.ones(512, 512, dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    timers = [Timer("matrix @ matrix", globals={"matrix": matrix}) for matrix in matrices]
    # The best of several rounds is what a busy machine disturbs least.
    single, half = (
        min(times) for times in zip(*([timer.timeit(3).mean for timer in timers] for _ in range(7)), strict=True)
    )
    return single / half


def glibc() -> ctypes.CDLL | None:
    """The C library of this process, where it is GNU's."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "gnu_get_libc_version") else None


def own_device(name: str) -> torch.device:
    """The device of that name; of several `cuda` ones, this process's own. Raises UserError where there is none."""
    try:
        device = torch.empty(0, device=name).device
        # A device without numbers takes them, and gives none back.
        torch.ones(1, device=device).item()
    except (RuntimeError, AssertionError, ImportError):
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
