"""Measure speeds in turns, round by round, so that a busy machine slows all tasks equally."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from common.machine import keep_freed_memory

ROUNDS = 3


@dataclass(frozen=True)
class Task:
    """Something to repeat and time."""

    do: Callable[[int], object]
    """Called with the number of the call."""
    images: int
    """Pictures per call."""
    begin: Callable[[], None] = keep_freed_memory
    """Called before the first call of a round."""


def images_per_second(tasks: Mapping[str, Task], seconds: float) -> dict[str, float]:
    """Return each task's median speed over `ROUNDS` rounds. A round is a warm-up call, then `seconds` or one call."""
    speeds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            speeds[name].append(_speed(task, seconds))
    return {name: statistics.median(measured) for name, measured in speeds.items()}


def _speed(task: Task, seconds: float) -> float:
    task.begin()
    task.do(0)
    _wait()
    started = time.perf_counter()
    for number in itertools.count(1):
        task.do(number)
        if time.perf_counter() - started >= seconds:
            _wait()
            return number * task.images / (time.perf_counter() - started)
    raise AssertionError


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
