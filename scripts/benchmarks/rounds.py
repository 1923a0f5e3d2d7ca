"""Speeds measured in turn, round by round, so that a busy machine slows all alike."""

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
    """Something to be repeated."""

    do: Callable[[int], object]
    """Is called with the number of the call."""
    images: int
    """Real paintings that a call works on."""
    begin: Callable[[], None] = keep_freed_memory
    """Is called before the first call of a round."""


def images_per_second(tasks: Mapping[str, Task], seconds: float) -> dict[str, float]:
    """The median speed of each task over `ROUNDS` rounds of `seconds` or one call, after one that is not counted."""
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
