"""Measure painting: the networks alone, with writing files, and the time until a command's first picture."""

from __future__ import annotations

import copy
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.machine import device_name, held_memory, peak_memory
from benchmarks.rounds import ROUNDS, Task, images_per_second
from common import config
from common.machine import has_bfloat16, own_device
from common.vocabulary import Vocabulary
from stage1 import sampling as stage1_sampling
from stage1.config import PRESETS, Stage1Config
from stage1.networks import build_critic, build_generator
from stage2 import Painter, networks, sampling
from stage2.config import Stage2Config
from stage2.sharing.onnx_graphs import PACKAGES, PaintingNetwork, export_graph, load_networks, open_graph

GENERATE = Path(__file__).parents[1] / "generate.py"
LABELS = 12
"""Number of genres, and of styles, of untrained networks."""


def export_untrained(settings: Stage1Config | Stage2Config, folder: Path) -> None:
    """Write an export of a preset's networks with random weights. Stage II gets the stage I of `default`."""
    vocabulary = Vocabulary(
        genres={f"genre {number}": 1 for number in range(LABELS)},
        styles={f"style {number}": 1 for number in range(LABELS)},
        families={},
    )
    stage1 = settings if isinstance(settings, Stage1Config) else config.load(Stage1Config, PRESETS / "default.yaml")
    place = folder if isinstance(settings, Stage1Config) else folder / "stage1"
    built = build_generator(stage1.networks, LABELS), build_critic(stage1.networks, LABELS)
    stage1_sampling.save_export(place, stage1.networks, vocabulary, *built)
    if isinstance(settings, Stage2Config):
        generator = networks.build_generator(settings.networks, LABELS, LABELS)
        painter = stage1_sampling.Stage1Painter.load(place)
        sampling.save_export(folder, settings.networks, vocabulary, painter, {"generator": generator})


@torch.no_grad()
def measure_generate(weights: Path, batches: Sequence[int], seconds: float) -> None:
    """Print pictures per second and memory by batch size, the time to the first picture, and the gain of optimisations.

    Everything is at the largest resolution of the weights. Optimisations are measured with the largest batch.
    """
    device = own_device("cuda" if torch.cuda.is_available() else "cpu")
    before = held_memory()
    network = load_networks(weights, device)[-1]
    print(f"{device_name(device)}, {network.resolution} pixels; median of {ROUNDS} rounds", flush=True)
    _measure_batches(network, sorted(batches), seconds, device, before)
    _measure_files(weights, device, max(batches), seconds)
    _measure_first(weights)
    _measure_means(network, max(batches), seconds, device)


def _measure_batches(
    network: PaintingNetwork, batches: Sequence[int], seconds: float, device: torch.device, before: int
) -> None:
    memory, tasks = {}, {}
    for count in batches:
        tasks[str(count)] = Task(_painting(network.module, _inputs(network, count, device)), count)
        tasks[str(count)].do(0)
        memory[str(count)] = peak_memory(device, before)
    for name, speed in images_per_second(tasks, seconds).items():
        print(f"batch {name:4} {speed:10.1f} images/s  peak memory {memory[name] / 2**30:.2f} GB", flush=True)


def _measure_files(weights: Path, device: torch.device, count: int, seconds: float) -> None:
    painter = Painter.load(weights, device)
    with tempfile.TemporaryDirectory() as folder:

        def paint(_: int) -> None:
            for painting in painter.paint(count=count):
                painting.save(Path(folder) / f"{painting.seed}.png")

        (speed,) = images_per_second({"files": Task(paint, count)}, seconds).values()
    print(f"to PNG files {speed:7.1f} images/s", flush=True)


def _measure_means(network: PaintingNetwork, count: int, seconds: float, device: torch.device) -> None:
    """Measure the plain networks again beside each optimisation, because a machine's speed changes over time."""
    print(f"batch {count}:")
    inputs = _inputs(network, count, device)
    plain = _painting(network.module, inputs)
    means: dict[str, Callable[[], Callable[[int], object] | str]] = {
        "channels last": lambda: _painting(_channels_last(network.module), inputs),
        "bfloat16 autocast": lambda: _in_bfloat16(plain, device),
        "torch.compile": lambda: _compiled(network.module, inputs),
        "onnxruntime": lambda: _in_onnxruntime(network, inputs, device),
    }
    for name, make in means.items():
        made = make()
        if isinstance(made, str):
            print(f"{name:18} left out: {made}", flush=True)
            continue
        speeds = images_per_second({"plain": Task(plain, count), name: Task(made, count)}, seconds)
        ratio = speeds[name] / speeds["plain"]
        print(f"{name:18} {speeds[name]:8.1f} images/s {ratio:6.2f} x plain", flush=True)


def _inputs(network: PaintingNetwork, count: int, device: torch.device) -> tuple[Tensor, ...]:
    return tuple(tensor.to(device) for tensor in network.example(count))


def _painting(module: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> Callable[[int], object]:
    return lambda _: module(*inputs)


def _channels_last(module: torch.nn.Module) -> torch.nn.Module:
    return copy.deepcopy(module).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _in_bfloat16(plain: Callable[[int], object], device: torch.device) -> Callable[[int], object] | str:
    if not has_bfloat16(device):
        return "this machine has no bfloat16 instructions"

    def under_autocast(number: int) -> None:
        with torch.autocast(device.type, torch.bfloat16):
            plain(number)

    return under_autocast


def _compiled(module: torch.nn.Module, inputs: tuple[Tensor, ...]) -> Callable[[int], object] | str:
    compiled = _painting(torch.compile(module), inputs)
    try:
        compiled(0)
    except RuntimeError as error:
        return str(error).strip().partition("\n")[0]
    return compiled


def _in_onnxruntime(
    network: PaintingNetwork, inputs: tuple[Tensor, ...], device: torch.device
) -> Callable[[int], object] | str:
    if device.type != "cpu":
        return "only measured on the CPU"
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "painter.onnx"
        export_graph(network, path)
        session = open_graph(path)
    named = {name: tensor.numpy() for name, tensor in zip(network.inputs, inputs, strict=True)}
    return lambda _: session.run(["images"], named)


def _measure_first(weights: Path) -> None:
    """Time whole processes. The first round only warms up the disk's cache and is not counted."""
    with tempfile.TemporaryDirectory() as out:
        paint = [str(GENERATE), "--weights", str(weights), "--out", out, "--overwrite"]
        rounds = [(_seconds(["-c", "import torch"]), _seconds(paint)) for _ in range(ROUNDS + 1)][1:]
    bare, first = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"first picture on disk after {first:.2f} s, {first / bare:.2f} x the {bare:.2f} s of import torch alone")


def _seconds(arguments: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
