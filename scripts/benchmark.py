"""Measure speed on this machine: `python scripts/benchmark.py train --stage 1 --preset small`.

- `data` compares the data loader with a training step of stage I.
- `train` compares a training step of a preset of either stage with one of GANGogh.
- `means` measures how much each optimisation speeds up the preset `gangogh`.
- `generate` measures painting with `--weights`, or with a preset's untrained networks, which are as fast.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import stage1.config
import stage2.config
from benchmarks.data import measure_data
from benchmarks.generate import export_untrained, measure_generate
from benchmarks.train import measure_means, measure_train
from command_line import Parser
from common import config
from common.data.dataset import PaintingDataset
from common.errors import UserError, run_command
from stage1.config import Stage1Config
from stage2.config import Stage2Config


def main() -> None:
    parser = Parser(description="Measure speed on this machine.")
    parser.add_argument(
        "what",
        choices=("data", "train", "means", "generate"),
        help="data loading, a training step, each optimisation of a training step, or painting",
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="dataset folder")
    parser.add_argument("--stage", type=int, choices=(1, 2), default=1, help="stage of the preset")
    parser.add_argument("--preset", help="preset to measure (default: default, for stage 2 default-128)")
    parser.add_argument(
        "--set", action="extend", nargs="+", default=[], metavar="KEY=VALUE", help="change settings of the preset"
    )
    parser.add_argument("--parent-width", type=int, default=64, help="train: width of GANGogh's networks")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of each of the 3 rounds of a measurement")
    parser.add_argument(
        "--weights", type=Path, help="generate: run or export to paint with (default: a preset's untrained networks)"
    )
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 16, 64], help="generate: batch sizes")
    arguments = parser.parse_args()
    if arguments.what == "generate":
        _generate(arguments)
        return
    dataset = PaintingDataset(arguments.data)
    if arguments.what == "means":
        parent = config.load(Stage1Config, stage1.config.PRESETS / "gangogh.yaml", arguments.set)
        measure_means(parent, dataset, arguments.seconds)
    elif arguments.what == "train":
        measure_train(_settings(arguments), dataset, arguments.parent_width, arguments.seconds)
    else:
        settings = _settings(arguments)
        if not isinstance(settings, Stage1Config):
            raise UserError("data measures the loader of stage I; leave out --stage")
        measure_data(settings, dataset, arguments.seconds)


def _generate(arguments: argparse.Namespace) -> None:
    if min(arguments.batches) < 1:
        raise UserError(f"--batches {min(arguments.batches)} paints nothing; give batch sizes of at least 1")
    if arguments.weights is not None:
        if arguments.preset or arguments.set:
            raise UserError("--weights has its own networks; leave out --preset and --set")
        measure_generate(arguments.weights, arguments.batches, arguments.seconds)
        return
    with tempfile.TemporaryDirectory() as folder:
        export_untrained(_settings(arguments), Path(folder))
        measure_generate(Path(folder), arguments.batches, arguments.seconds)


def _settings(arguments: argparse.Namespace) -> Stage1Config | Stage2Config:
    if arguments.stage == 1:
        preset = config.find_preset(arguments.preset or "default", stage1.config.PRESETS)
        return config.load(Stage1Config, preset, arguments.set)
    preset = config.find_preset(arguments.preset or "default-128", stage2.config.PRESETS)
    return config.load(Stage2Config, preset, arguments.set)


if __name__ == "__main__":
    run_command(main)
