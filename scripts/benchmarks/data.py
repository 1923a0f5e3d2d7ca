"""Compare the speed of the data loader with the speed of a training step of stage I."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import get_args

from benchmarks.rounds import ROUNDS, Task, images_per_second
from common.data.batches import BatchStream
from common.data.dataset import PaintingDataset, Residence
from common.runs.accelerator import make_accelerator
from common.runs.loop import rows_of_process
from stage1.config import Stage1Config
from stage1.training import SIZE, Stage1Trainer


def measure_data(settings: Stage1Config, dataset: PaintingDataset, seconds: float) -> None:
    """Print the speed of the loader for each place where pictures can be kept."""
    # Pre-training steps with the full critic loss: of the long phases, they need the most pictures per second.
    schedule = dataclasses.replace(settings.training, pretraining_steps=settings.training.steps, label_steps=0)
    settings = dataclasses.replace(settings, training=schedule)
    accelerator = make_accelerator(schedule.precision)
    rows = rows_of_process(schedule, 0, 1)
    stream = BatchStream(schedule.seed, schedule.batch_size, rows, accelerator.device)
    tasks = {}
    for residence in get_args(Residence):
        split = dataset.split("train", SIZE, residence=residence, device=accelerator.device)
        trainer = Stage1Trainer(settings, split, dataset.vocabulary, accelerator, rows)
        tasks[residence] = Task(partial(trainer.real_batch, stream), schedule.batch_size)
    tasks["training step"] = Task(trainer.step, schedule.batch_size * schedule.critic_steps)
    speeds = images_per_second(tasks, seconds)
    print(f"{SIZE} pixels, batch {schedule.batch_size}, {accelerator.device}; median of {ROUNDS} rounds")
    for name, speed in speeds.items():
        print(f"{name:14} {speed:10.0f} images/s  {speed / speeds['training step']:8.1f} x the training step")
