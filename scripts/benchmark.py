"""Measure speed on this machine: `python scripts/benchmark.py train --stage 1 --preset small`.

`train` measures the training step of a preset and how fast its batches load. `generate` measures painting with
`--weights`, or with a preset's untrained networks, which are as fast.
"""

from __future__ import annotations

import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch

import stage1.config
import stage1.sampling
import stage2.config
import stage2.sampling
from command_line import Parser, add_changes, machine_preset
from common import config
from common.data.batches import BatchStream
from common.data.dataset import PaintingDataset, Residence
from common.errors import UserError, run_command
from common.machine import keep_freed_memory, own_device
from common.runs.accelerator import make_accelerator
from common.runs.precision import has_bfloat16, precision_of
from common.vocabulary import Vocabulary
from stage1.config import Stage1Config
from stage1.networks import build_critic, build_generator
from stage1.sampling import SIZE, Stage1Painter
from stage1.training import Stage1Trainer
from stage2 import Painter, networks
from stage2.config import Stage2Config
from stage2.sharing.onnx_graphs import load_networks
from stage2.training import Stage2Trainer

ROUNDS = 3
LABELS = Vocabulary(genres=dict.fromkeys("abcdefghijkl", 1), styles=dict.fromkeys("abcdefghijkl", 1), families={})
"""Of untrained networks."""

Task = tuple[Callable[[], object], int]
"""What to repeat, and the pictures per call."""


def main() -> None:
    parser = Parser(description="Measure speed on this machine.")
    commands = parser.add_subparsers(dest="what", metavar="train|generate", required=True)
    train = commands.add_parser("train", help="measure a training step of a preset, and loading its batches")
    train.add_argument("--data", type=Path, default=Path("data"), help="dataset folder")
    generate = commands.add_parser("generate", help="measure painting, by resolution and batch size")
    generate.add_argument(
        "--weights", type=Path, help="run or export to paint with (default: a preset's untrained networks)"
    )
    generate.add_argument("--batches", type=int, nargs="+", default=[1, 4, 16, 64], help="batch sizes")
    for command in (train, generate):
        command.add_argument("--stage", type=int, choices=(1, 2), default=1, help="stage of the preset")
        command.add_argument("--preset", help="preset to measure (default: the one that training takes here)")
        add_changes(command)
        command.add_argument(
            "--seconds", type=float, default=1.0, help=f"length of each of the {ROUNDS} rounds of a measurement"
        )
    arguments = parser.parse_args()
    if arguments.what == "train":
        dataset = PaintingDataset(arguments.data)
        measure_training(_settings(arguments.stage, arguments.preset, arguments.set), dataset, arguments.seconds)
        return
    if min(arguments.batches) < 1:
        raise UserError(f"--batches {min(arguments.batches)} paints nothing; give batch sizes of at least 1")
    if arguments.weights is None:
        with tempfile.TemporaryDirectory() as folder:
            _export_untrained(_settings(arguments.stage, arguments.preset, arguments.set), Path(folder))
            measure_painting(Path(folder), arguments.batches, arguments.seconds)
    elif arguments.preset or arguments.set:
        raise UserError("--weights has its own networks; leave out --preset and --set")
    else:
        measure_painting(arguments.weights, arguments.batches, arguments.seconds)


def measure_training(settings: Stage1Config | Stage2Config, dataset: PaintingDataset, seconds: float) -> None:
    """Print the speed and memory of a preset's training step, in real paintings per second, and that of its loader."""
    trainer = _trainer(settings, dataset)
    device, schedule = trainer.accelerator.device, settings.training
    updates = f"batch {schedule.batch_size}, {schedule.critic_steps} critic updates a step"
    _print_machine(device, f", {precision_of(trainer.accelerator)}, {updates}")
    stream = BatchStream(schedule.seed, schedule.batch_size, slice(0, schedule.batch_size), device)
    size = settings.networks.resolution if isinstance(settings, Stage2Config) else SIZE
    numbers = itertools.count()
    tasks: dict[str, Task] = {
        "training step": (lambda: trainer.pair.step(next(numbers)), schedule.batch_size * schedule.critic_steps)
    }
    positions = np.random.default_rng(0).integers(dataset.description.paintings["train"], size=schedule.batch_size)
    mirrored = torch.zeros(schedule.batch_size, dtype=torch.bool, device=device)
    for residence in get_args(Residence):
        split = dataset.split("train", size, residence=residence, device=device)
        tasks[f"loading from {residence}"] = (partial(stream.pictures, split, positions, mirrored), schedule.batch_size)
    _print_compared(images_per_second(tasks, seconds))
    print(f"peak memory {_peak_memory(device):.2f} GB")


@torch.no_grad()
def measure_painting(weights: Path, batches: Sequence[int], seconds: float) -> None:
    """Print the speed of painting by resolution and batch, to files, and with what might make it faster."""
    device = own_device("cuda" if torch.cuda.is_available() else "cpu")
    painter = Painter.load(weights, device)
    _print_machine(device)
    for resolution, count in itertools.product(painter.resolutions, batches):
        name = f"{resolution} pixels, batch {count}"
        speeds = images_per_second({name: (partial(painter.paint, count=count, resolution=resolution), count)}, seconds)
        print(f"{name:24} {speeds[name]:8.1f} images/s, peak memory {_peak_memory(device):.2f} GB", flush=True)

    largest = max(batches)
    with tempfile.TemporaryDirectory() as folder:

        def write() -> None:
            for painting in painter.paint(count=largest):
                painting.save(Path(folder) / f"{painting.request.seed}.png")

        def first() -> None:
            options = ("--weights", str(weights), "--out", folder, "--overwrite")
            generate = Path(__file__).with_name("generate.py")
            subprocess.run([sys.executable, str(generate), *options], check=True, stdout=subprocess.DEVNULL)

        speeds = images_per_second({"to PNG files": (write, largest), "first picture": (first, 1)}, seconds)
    print(f"{'to PNG files':24} {speeds['to PNG files']:8.1f} images/s")
    print(f"first picture on disk after {1 / speeds['first picture']:.2f} s", flush=True)

    # As a painter does.
    keep_freed_memory()
    painting_network = load_networks(weights, device)[-1]
    network, inputs = painting_network.module, [tensor.to(device) for tensor in painting_network.example(largest)]
    tasks: dict[str, Task] = {"networks alone": (partial(network, *inputs), largest)}
    if has_bfloat16(device):
        in_bfloat16 = torch.autocast(device.type, torch.bfloat16)(network.forward)
        tasks["bfloat16 autocast"] = (partial(in_bfloat16, *inputs), largest)
    compiled = partial(torch.compile(network), *inputs)
    try:
        compiled()
        tasks["torch.compile"] = (compiled, largest)
    except RuntimeError as error:
        # For example, the machine has no C++ compiler.
        print(f"torch.compile left out: {str(error).strip().partition(chr(10))[0]}")
    _print_compared(images_per_second(tasks, seconds))


def images_per_second(tasks: Mapping[str, Task], seconds: float) -> dict[str, float]:
    """Return each task's median speed over `ROUNDS` rounds: a warm-up call, then calls for `seconds`, at least one.

    The tasks take turns, so that a busy machine slows all of them equally.
    """
    speeds: dict[str, list[float]] = {name: [] for name in tasks}
    for _, (name, (do, images)) in itertools.product(range(ROUNDS), tasks.items()):
        do()
        _wait()
        started, count = time.perf_counter(), 0
        while count == 0 or time.perf_counter() - started < seconds:
            do()
            count += 1
        _wait()
        speeds[name].append(count * images / (time.perf_counter() - started))
    return {name: statistics.median(measured) for name, measured in speeds.items()}


def _trainer(settings: Stage1Config | Stage2Config, dataset: PaintingDataset) -> Stage1Trainer | Stage2Trainer:
    """Return a trainer past pre-training. Stage II uses an untrained stage I: speed does not depend on weights."""
    accelerator = make_accelerator(settings.training.precision)
    if isinstance(settings, Stage1Config):
        split = dataset.split("train", SIZE, residence=settings.training.pictures_in, device=accelerator.device)
        return Stage1Trainer(settings, split, dataset.vocabulary, accelerator)
    with tempfile.TemporaryDirectory() as folder:
        painter = _untrained_stage1(_settings(1), dataset.vocabulary, Path(folder))
    painter.generator.to(accelerator.device)
    return Stage2Trainer(settings, dataset, painter, accelerator)


def _untrained_stage1(settings: Stage1Config, vocabulary: Vocabulary, folder: Path) -> Stage1Painter:
    """Write an export of stage I with random weights, and load it."""
    built = (build(settings.networks, len(vocabulary.genres)) for build in (build_generator, build_critic))
    stage1.sampling.save_export(folder, settings.networks, vocabulary, *built)
    return Stage1Painter.load(folder)


def _export_untrained(settings: Stage1Config | Stage2Config, folder: Path) -> None:
    """Write an export of a preset's networks with random weights; stage II's contains the machine's stage I."""
    if isinstance(settings, Stage1Config):
        _untrained_stage1(settings, LABELS, folder)
        return
    painter = _untrained_stage1(_settings(1), LABELS, folder / "small")
    generator = networks.build_generator(settings.networks, len(LABELS.genres), len(LABELS.styles))
    stage2.sampling.save_export(folder, settings.networks, LABELS, painter, {"generator": generator})


def _settings(stage: int, preset: str | None = None, changes: Sequence[str] = ()) -> Any:
    """Return the settings of a stage, by default those that training takes on this machine, past pre-training."""
    presets, kind = (stage1.config.PRESETS, Stage1Config) if stage == 1 else (stage2.config.PRESETS, Stage2Config)
    past = ("training.pretraining_steps=0", "training.label_steps=0")
    return config.load(kind, config.find_preset(preset or machine_preset(stage), presets), [*changes, *past])


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _print_compared(speeds: Mapping[str, float]) -> None:
    first, reference = next(iter(speeds.items()))
    for name, speed in speeds.items():
        print(f"{name:24} {speed:8.1f} images/s, {speed / reference:.2f} x {first}", flush=True)


def _peak_memory(device: torch.device) -> float:
    """Return the most GB so far, of the GPU's memory or of this process's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def _print_machine(device: torch.device, more: str = "") -> None:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"{name}{more}; median of {ROUNDS} rounds", flush=True)


if __name__ == "__main__":
    run_command(main)
