"""Measure speed on this machine: `python scripts/benchmark.py train --stage 1 --preset small`.

`train` measures the training step of a preset and how fast its batches load. `scale` runs training with more and more
processes, pictures a batch and paintings. `generate` measures painting with `--weights`, or with a preset's untrained
networks, which are as fast.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
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
from command_line import Parser, add_changes, at_least, machine_preset
from common import config
from common.data.batches import BatchStream
from common.data.dataset import PaintingDataset, Residence
from common.errors import UserError, run_command
from common.machine import has_bfloat16, keep_freed_memory, own_device, used_memory
from common.runs.accelerator import make_accelerator, precision_of
from common.vocabulary import Vocabulary
from scaling import measure_scaling, runs
from stage1.networks import build_critic, build_generator
from stage1.training import Stage1Trainer
from stage2 import Painter, networks
from stage2.sharing.onnx_graphs import load_networks
from stage2.training import Stage2Trainer

ROUNDS = 3
COLLECTIONS = (10_000, 1_000, 100_000, 1_000_000, 2_000_000)
PAST_PRETRAINING = ("training.pretraining_steps=0", "training.label_steps=0")
Settings = stage1.config.Stage1Config | stage2.config.Stage2Config
LABELS = Vocabulary(genres=dict.fromkeys("abcdefghijkl", 1), styles=dict.fromkeys("abcdefghijkl", 1), families={})
"""Of untrained networks."""

Task = tuple[Callable[[], object], int]
"""What to repeat, and the pictures per call."""


def main() -> None:
    parser = Parser(description="Measure speed on this machine.")
    commands = parser.add_subparsers(dest="what", metavar="train|scale|generate", required=True)
    train = commands.add_parser("train", help="measure a training step of a preset, and loading its batches")
    train.add_argument("--data", type=Path, default=Path("data"), help="dataset folder")
    scale = commands.add_parser("scale", help="run training with more processes, larger batches, more paintings")
    for name, usual in (("processes", (1, 2, 4)), ("batches", (32, 8, 64, 128, 256)), ("paintings", COLLECTIONS)):
        text = f"{name}; all but the first are tried with the first of the others"
        scale.add_argument(f"--{name}", type=at_least(1), nargs="+", default=list(usual), help=text)
    scale.add_argument("--steps", type=at_least(2), default=20, help="steps of each run; the second half is measured")
    generate = commands.add_parser("generate", help="measure painting, by resolution and batch size")
    generate.add_argument("--weights", type=Path, help="run or export (default: a preset's untrained networks)")
    generate.add_argument("--batches", type=at_least(1), nargs="+", default=[1, 4, 16, 64], help="batch sizes")
    for command in (train, scale, generate):
        command.add_argument("--stage", type=int, choices=(1, 2), default=1, help="stage of the preset")
        command.add_argument("--preset", help="preset to measure (default: the one that training takes here)")
        add_changes(command)
    for command in (train, generate):
        command.add_argument("--seconds", type=float, default=1.0, help=f"length of each of {ROUNDS} rounds")
    arguments = parser.parse_args()
    if arguments.what == "scale":
        with tempfile.TemporaryDirectory() as folder:
            scale_training(arguments, Path(folder))
        return
    if not 0 < arguments.seconds < float("inf"):
        raise UserError(f"--seconds {arguments.seconds:g}: give a number above 0, such as 1")
    chosen = arguments.stage, arguments.preset, arguments.set
    if arguments.what == "train":
        measure_training(_settings(*chosen), PaintingDataset(arguments.data), arguments.seconds)
        return
    if arguments.weights is not None and (arguments.preset or arguments.set):
        raise UserError("--weights has its own networks; leave out --preset and --set")
    with tempfile.TemporaryDirectory() as folder:
        if arguments.weights is None:
            _export_untrained(_settings(*chosen), LABELS, Path(folder))
        measure_painting(arguments.weights or Path(folder), arguments.batches, arguments.seconds)


def measure_training(settings: Settings, dataset: PaintingDataset, seconds: float) -> None:
    """Print the speed and memory of a preset's training step, in real paintings per second, and that of its loader."""
    schedule, accelerator = settings.training, make_accelerator(settings.training.precision)
    device, batch = accelerator.device, schedule.batch_size
    trainer: Stage1Trainer | Stage2Trainer
    if isinstance(settings, stage1.config.Stage1Config):
        size = stage1.sampling.SIZE
        split = dataset.split("train", size, residence=schedule.pictures_in, device=device)
        trainer = Stage1Trainer(settings, split, dataset.vocabulary, accelerator)
    else:
        size = settings.networks.resolution
        with tempfile.TemporaryDirectory() as folder:
            # Speed does not depend on the weights of stage I.
            _export_untrained(_settings(1), dataset.vocabulary, Path(folder))
            painter = stage1.sampling.Stage1Painter.load(Path(folder))
        painter.generator.to(device)
        trainer = Stage2Trainer(settings, dataset, painter, accelerator)
    updates = f"batch {batch}, {schedule.critic_steps} critic updates a step"
    print(f"{_machine(device)}, {precision_of(accelerator)}, {updates}; median of {ROUNDS} rounds", flush=True)
    stream = BatchStream(schedule.seed, batch, slice(0, batch), device)
    positions = np.random.default_rng(0).integers(dataset.description.paintings["train"], size=batch)
    mirrored = torch.zeros(batch, dtype=torch.bool, device=device)
    numbers = itertools.count()
    step: Task = (lambda: trainer.pair.step(next(numbers)), batch * schedule.critic_steps)
    step[0]()
    memory = used_memory(device)  # Before the pictures are read in other ways, too.
    tasks = {"training step": step}
    for residence in get_args(Residence):
        split = dataset.split("train", size, residence=residence, device=device)
        tasks[f"loading from {residence}"] = (partial(stream.pictures, split, positions, mirrored), batch)
    print_speeds(tasks, seconds)
    print(f"memory of a training step {memory / 2**30:.2f} GB")


def scale_training(arguments: Namespace, folder: Path) -> None:
    """Print the table of `scaling.measure_scaling` for a preset."""
    stage, settings = arguments.stage, _settings(arguments.stage, arguments.preset, arguments.set)
    sizes, options = [stage1.sampling.SIZE], ["--preset", arguments.preset or machine_preset(stage)]
    if stage == 2:
        _export_untrained(_settings(1), LABELS, folder / "small")
        sizes.append(settings.networks.resolution)
        options += ["--stage1", str(folder / "small")]
    changes = [*arguments.set, *PAST_PRETRAINING, "training.pictures_in=disk", "logging.fid_every=0"]
    planned = runs(arguments.processes, arguments.batches, arguments.paintings)
    print(_machine(own_device("cuda" if torch.cuda.is_available() else "cpu")))
    measure_scaling(planned, [*options, "--set", *changes], stage, sizes, LABELS, arguments.steps, folder)


@torch.no_grad()
def measure_painting(weights: Path, batches: Sequence[int], seconds: float) -> None:
    """Print the speed of painting by resolution and batch, to files, and with what might make it faster."""
    device = own_device("cuda" if torch.cuda.is_available() else "cpu")
    painter = Painter.load(weights, device)
    print(f"{_machine(device)}; median of {ROUNDS} rounds", flush=True)
    tasks: dict[str, Task] = {
        f"{resolution} pixels, batch {count}": (partial(painter.paint, count=count, resolution=resolution), count)
        for resolution, count in itertools.product(painter.resolutions, batches)
    }
    largest = max(batches)
    with tempfile.TemporaryDirectory() as folder:

        def write() -> None:
            for painting in painter.paint(count=largest):
                painting.save(Path(folder) / f"{painting.request.seed}.png")

        generate = (Path(__file__).with_name("generate.py"), "--weights", weights, "--out", folder, "--overwrite")
        first = partial(subprocess.run, [sys.executable, *generate], check=True, stdout=subprocess.DEVNULL)
        print_speeds(tasks | {"to PNG files": (write, largest), "one by generate.py": (first, 1)}, seconds)
    print(f"memory {used_memory(device) / 2**30:.2f} GB", flush=True)

    # As a painter does.
    keep_freed_memory()
    painting_network = load_networks(weights, device)[-1]
    network, inputs = painting_network.module, [tensor.to(device) for tensor in painting_network.example(largest)]
    tasks = {"networks alone": (partial(network, *inputs), largest)}
    if has_bfloat16(device):
        tasks["bfloat16"] = (partial(torch.autocast(device.type, torch.bfloat16)(network.forward), *inputs), largest)
    compiled = partial(torch.compile(network), *inputs)
    try:
        compiled()
        tasks["torch.compile"] = (compiled, largest)
    except RuntimeError as error:
        # For example, the machine has no C++ compiler.
        print(f"torch.compile left out: {str(error).strip().partition(chr(10))[0]}")
    print_speeds(tasks, seconds)


def print_speeds(tasks: Mapping[str, Task], seconds: float) -> None:
    """Print each task's median speed over `ROUNDS` rounds: a warm-up call, then calls for `seconds`, at least one.

    The tasks take turns, so that a busy machine slows all of them equally.
    """
    wait: Callable[[], object] = torch.cuda.synchronize if torch.cuda.is_available() else int
    speeds: dict[str, list[float]] = {name: [] for name in tasks}
    for _, (name, (do, images)) in itertools.product(range(ROUNDS), tasks.items()):
        do()
        wait()
        started, count = time.perf_counter(), 0
        while count == 0 or time.perf_counter() - started < seconds:
            do()
            count += 1
        wait()
        speeds[name].append(count * images / (time.perf_counter() - started))
    medians = {name: statistics.median(measured) for name, measured in speeds.items()}
    first = next(iter(medians))
    for name, speed in medians.items():
        print(f"{name:24} {speed:8.2f} images/s, {speed / medians[first]:.2f} x {first}", flush=True)


def _export_untrained(settings: Settings, vocabulary: Vocabulary, folder: Path) -> None:
    """Write an export of a preset's networks with random weights; stage II's contains the machine's stage I."""
    num_genres, num_styles = len(vocabulary.genres), len(vocabulary.styles)
    if isinstance(settings, stage1.config.Stage1Config):
        built = (build(settings.networks, num_genres) for build in (build_generator, build_critic))
        stage1.sampling.save_export(folder, settings.networks, vocabulary, *built)
        return
    _export_untrained(_settings(1), vocabulary, folder / "small")
    painter = stage1.sampling.Stage1Painter.load(folder / "small")
    generator = networks.build_generator(settings.networks, num_genres, num_styles)
    stage2.sampling.save_export(folder, settings.networks, vocabulary, painter, {"generator": generator})


def _settings(stage: int, preset: str | None = None, changes: Sequence[str] = ()) -> Any:
    """Return the settings of a stage, by default those that training takes on this machine, past pre-training."""
    kind = stage1.config.Stage1Config if stage == 1 else stage2.config.Stage2Config
    presets = stage1.config.PRESETS if stage == 1 else stage2.config.PRESETS
    return config.load(
        kind, config.find_preset(preset or machine_preset(stage), presets), [*changes, *PAST_PRETRAINING]
    )


def _machine(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"


if __name__ == "__main__":
    run_command(main)
