"""Measure speed on this machine: `python scripts/benchmark.py train --stage 1 --preset small`.

`data` compares the loader with a training step of stage I. `train` measures a preset's step of either stage, and
the parent's beside it. `means` measures what each means of speed gives to the preset gangogh. `generate` measures
painting: of `--weights`, or of a preset's networks with random weights, as speed does not depend on them.
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
    parser.add_argument("what", choices=("data", "train", "means", "generate"))
    parser.add_argument("--data", type=Path, default=Path("data"), help="dataset folder (default: data)")
    parser.add_argument("--stage", type=int, choices=(1, 2), default=1, help="of the preset (default: 1)")
    parser.add_argument("--preset", help="default: default, of stage II default-128")
    parser.add_argument(
        "--set", action="extend", nargs="+", default=[], metavar="KEY=VALUE", help="change some of its settings"
    )
    parser.add_argument("--parent-width", type=int, default=64, help="of gangogh's networks in train (default: 64)")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="of each of the 3 rounds of each measurement (default: 1)"
    )
    parser.add_argument("--weights", type=Path, help="run or export that generate paints with")
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[1, 4, 16, 64], help="batch sizes of generate (default: 1 4 16 64)"
    )
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
            raise UserError("data measures the loader of stage I; leave --stage out")
        measure_data(settings, dataset, arguments.seconds)


def _generate(arguments: argparse.Namespace) -> None:
    if min(arguments.batches) < 1:
        raise UserError(f"--batches {min(arguments.batches)} paints nothing; give sizes of at least 1")
    if arguments.weights is not None:
        if arguments.preset or arguments.set:
            raise UserError("--weights bring their own networks; leave --preset and --set out")
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
