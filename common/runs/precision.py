"""The precision that a run computes in: bfloat16 where the device gains from it, else float32."""

from __future__ import annotations

import torch
from accelerate import Accelerator

from common.runs.config import ComputePrecision, Precision

CLEARLY_FASTER = 1.3
"""Times as fast as in float32 that a CPU must multiply in bfloat16; below that, casting costs what it saves."""


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
    from torch.utils.benchmark import Timer  # Takes a quarter of a second to import, and painting does not need it.

    matrices = (torch.ones(512, 512, dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    timers = [Timer("matrix @ matrix", globals={"matrix": matrix}) for matrix in matrices]
    # Take the best of several rounds: other programs disturb it least.
    single, half = (
        min(times) for times in zip(*([timer.timeit(3).mean for timer in timers] for _ in range(7)), strict=True)
    )
    return single / half
