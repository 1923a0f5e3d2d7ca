"""Cores, memory and devices: what this process can use, and settings that make it use them well."""

from __future__ import annotations

import ctypes
import os
import sys

import torch

from common.errors import UserError

# Options of mallopt(3), numbered as in glibc's malloc.h.
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_MMAP_MAX = -4
CLEARLY_FASTER = 1.3
"""Times as fast as in float32 that a CPU must multiply in bfloat16; below that, casting costs what it saves."""


def available_cores() -> int:
    """Return the number of processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def local_processes() -> int:
    """Return the number of processes that a launcher started on this machine; they share its cores and its memory."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def own_cores() -> int:
    """Return this process's share of the cores, at least one."""
    return max(1, available_cores() // local_processes())


def told_to_use_cpu() -> bool:
    """Return True if `accelerate launch --cpu` or `accelerate config` keeps training off the GPU."""
    return os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes", "y", "on", "t")


def trains_on_gpu() -> bool:
    """Return True if training has a CUDA GPU, for which the default presets are made."""
    return torch.cuda.is_available() and not told_to_use_cpu()


def share_cores() -> None:
    """Give this process its share of the cores if a launcher left it one thread.

    `accelerate launch` and torchrun set OMP_NUM_THREADS to 1 by default: a single process on a CPU would run at half
    its speed or less.
    """
    launched = "ACCELERATE_MIXED_PRECISION" in os.environ or "LOCAL_WORLD_SIZE" in os.environ
    if launched and os.environ.get("OMP_NUM_THREADS") == "1":
        torch.set_num_threads(own_cores())


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next allocation; other C libraries are left alone.

    Otherwise glibc returns every large tensor to the system, which clears pages for the next one: up to a fifth of a
    training step on a CPU.
    """
    if library := glibc():
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def give_freed_memory_back() -> None:
    """Undo `keep_freed_memory`, and return what is free to the system.

    The thresholds are the highest that glibc chooses by itself after large tensors were freed.
    """
    if library := glibc():
        library.mallopt(M_MMAP_MAX, 65536)
        library.mallopt(M_MMAP_THRESHOLD, 32 * 2**20)
        library.mallopt(M_TRIM_THRESHOLD, 64 * 2**20)
        library.malloc_trim(0)


def glibc() -> ctypes.CDLL | None:
    """Return the C library of this process if it is glibc, otherwise None."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "gnu_get_libc_version") else None


def own_device(name: str) -> torch.device:
    """Return the device of that name; for `cuda`, the GPU of this process. Raise UserError if there is none."""
    try:
        device = torch.device(name)
        # The meta device accepts tensors, but their values cannot be read.
        torch.ones(1, device=device).item()
    except (RuntimeError, AssertionError, ImportError):
        raise UserError(f"this machine has no device {name!r}; leave --device out, or choose cpu") from None
    if name == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    return device


def used_memory(device: torch.device) -> int:
    """Return the bytes that this process uses: on a GPU the peak so far, otherwise the resident memory now.

    Mapped files are left out where the system tells them apart: it can take their memory back.
    """
    import psutil  # Painting does not need it.

    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    info = psutil.Process().memory_info()
    return int(info.rss - getattr(info, "shared", 0))


def launched_place() -> tuple[int, int]:
    """Return the rank of this process and the number of processes of the launcher; (0, 1) without a launcher."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def has_bfloat16(device: torch.device) -> bool:
    """Return True if the device has bfloat16 instructions; emulating them is far slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # torch 2.8 cannot tell what a CPU has.
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def gains_from_bfloat16(device: torch.device) -> bool:
    """Return True if networks run faster in bfloat16 there. On a CPU with the instructions, a short trial decides.

    The instructions alone do not tell: a training step was 1.9 times as fast on one such CPU and 0.8 times on another.
    """
    if device.type != "cpu" or not has_bfloat16(device):
        return has_bfloat16(device)
    return _times_as_fast_in_bfloat16() > CLEARLY_FASTER


def _times_as_fast_in_bfloat16() -> float:
    from torch.utils.benchmark import Timer  # Takes a quarter of a second to import.

    matrices = (torch.ones(512, 512, dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    timers = [Timer("matrix @ matrix", globals={"matrix": matrix}) for matrix in matrices]
    # Take the best of several rounds: other programs disturb it least.
    rounds = [[timer.timeit(3).mean for timer in timers] for _ in range(7)]
    single, half = map(min, zip(*rounds, strict=True))
    return single / half
