"""Measure speed on this machine: `python scripts/benchmark.py data --data data --preset small`.

`data` says how many paintings a second the loader gives from each place where they may reside, beside how many a
training step of stage I consumes. All are measured in turn, round by round, so that a busy machine slows all alike.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import torch

from common import config
from common.data.dataset import PaintingDataset, Residence
from common.errors import run_command
from common.runs.loop import make_accelerator, rows_of_process
from stage1.config import PRESETS, Stage1Config
from stage1.training import SIZE, Stage1Trainer

ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure speed on this machine.")
    parser.add_argument("what", choices=("data",))
    parser.add_argument("--data", type=Path, default=Path("data"), help="dataset folder (default: data)")
    parser.add_argument("--preset", default="default", help="of the training step that consumes the paintings")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one of its settings")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each of the 5 rounds of each measurement")
    arguments = parser.parse_args()
    settings = config.load(Stage1Config, config.find_preset(arguments.preset, PRESETS), arguments.set)
    dataset = PaintingDataset(arguments.data)
    accelerator = make_accelerator(settings.training.precision)
    batch_size = settings.training.batch_size
    # The critic learns alone: the step that consumes the most paintings in a second.
    schedule = dataclasses.replace(settings.training, pretraining_steps=settings.training.steps)
    settings = dataclasses.replace(settings, training=schedule)
    trainers = {
        residence: Stage1Trainer(
            settings,
            dataset.split("train", SIZE, residence=residence, device=accelerator.device),
            list(dataset.vocabulary.genres),
            accelerator,
            rows_of_process(batch_size, 0, 1),
        )
        for residence in get_args(Residence)
    }
    step = trainers["auto"].step
    tasks: dict[str, tuple[Callable[[int], object], int]] = {
        **{residence: (trainer.real_batch, batch_size) for residence, trainer in trainers.items()},
        "training step": (step, batch_size * schedule.critic_steps),
    }
    speeds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        for name, (task, images) in tasks.items():
            speeds[name].append(_images_per_second(task, images, arguments.seconds))
    consumed = statistics.median(speeds["training step"])
    print(
        f"{SIZE} pixels, batch {batch_size}, {accelerator.device}, preset {arguments.preset}; median of {ROUNDS} rounds"
    )
    for name, measured in speeds.items():
        speed = statistics.median(measured)
        print(f"{name:14} {speed:10.0f} images/s  {speed / consumed:8.1f} x the training step")


def _images_per_second(task: Callable[[int], object], images: int, seconds: float) -> float:
    task(0)
    _wait()
    started = time.perf_counter()
    for number in itertools.count(1):
        task(number)
        if time.perf_counter() - started >= seconds:
            _wait()
            return number * images / (time.perf_counter() - started)
    raise AssertionError


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    run_command(main)
