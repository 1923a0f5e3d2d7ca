"""What the machine is said to offer, and what a process takes of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from common import machine
from common.machine import gains_from_bfloat16, glibc, has_bfloat16, share_cores, trains_on_gpu

ROOT = Path(__file__).parents[1]

KEEPING = """
import resource
import torch
from common.machine import give_freed_memory_back, keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(64 * 2**20, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before = min(faults() for _ in range(5))
keep_freed_memory()
# The first few leave small remainders in the C library's own cache, which holds seven of a size.
kept = min(faults() for _ in range(40))
give_freed_memory_back()
print(before, kept, faults())
"""


@pytest.mark.parametrize(
    ("environment", "threads"),
    [
        ({"ACCELERATE_MIXED_PRECISION": "no", "OMP_NUM_THREADS": "1"}, 6),
        ({"LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}, 3),
        ({"LOCAL_WORLD_SIZE": "8", "OMP_NUM_THREADS": "1"}, 1),
        ({"ACCELERATE_MIXED_PRECISION": "no", "OMP_NUM_THREADS": "4"}, None),
        ({"OMP_NUM_THREADS": "1"}, None),
    ],
)
def test_a_process_that_a_launcher_left_one_thread_takes_its_share_of_the_cores(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], threads: int | None
) -> None:
    for name in ("ACCELERATE_MIXED_PRECISION", "LOCAL_WORLD_SIZE", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    asked: list[int] = []
    monkeypatch.setattr("common.machine.available_cores", lambda: 6)
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    share_cores()
    assert asked == ([] if threads is None else [threads])


@pytest.mark.parametrize(("has", "asked", "takes"), [(True, "False", True), (True, "true", False), (False, "", False)])
def test_training_has_a_gpu_where_there_is_one_and_the_launcher_does_not_keep_it_from_it(
    monkeypatch: pytest.MonkeyPatch, asked: str, *, has: bool, takes: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has)
    monkeypatch.setenv("ACCELERATE_USE_CPU", asked)
    assert trains_on_gpu() is takes


@pytest.mark.slow
@pytest.mark.skipif(glibc() is None, reason="speaks of glibc alone")
def test_freed_memory_is_kept_for_what_comes_next_until_it_is_given_back() -> None:
    # On its own: it holds for all of a process.
    answer = subprocess.run([sys.executable, "-c", KEEPING], cwd=ROOT, capture_output=True, text=True)
    before, kept, given_back = map(int, answer.stdout.split())
    assert min(before, given_back) > 1000
    assert kept < before / 10


@pytest.mark.parametrize(
    ("capabilities", "times_as_fast", "gains"),
    [
        ({"avx512_bf16": True}, 1.9, True),
        ({"avx512_bf16": True}, 1.2, False),
        ({"amx_bf16": True}, 8.0, True),
        ({"avx512_f": True}, 1.9, False),
    ],
)
def test_bfloat16_gains_where_a_processor_has_it_and_multiplies_clearly_faster_in_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], times_as_fast: float, *, gains: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    monkeypatch.setattr(machine, "_times_as_fast_in_bfloat16", lambda: times_as_fast)
    assert gains_from_bfloat16(torch.device("cpu")) is gains


def test_the_trial_of_bfloat16_finds_emulation_slow() -> None:
    times_as_fast = machine._times_as_fast_in_bfloat16()
    assert times_as_fast > 0
    if not has_bfloat16(torch.device("cpu")):
        assert times_as_fast < 1
