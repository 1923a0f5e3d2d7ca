"""Train stage I: `accelerate launch scripts/train_stage1.py --preset default --data data --out runs/stage1`."""

from __future__ import annotations

import argparse
from pathlib import Path

from common import config
from common.data.dataset import PaintingDataset
from common.errors import run_command
from stage1.config import PRESETS, Stage1Config
from stage1.training import train


def main() -> None:
    parser = argparse.ArgumentParser(description="Train stage I: noise and a genre to a 64-pixel painting.")
    parser.add_argument("--preset", default="default", help="name of a shipped preset, or the path of a YAML file")
    parser.add_argument("--data", type=Path, default=Path("data"), help="dataset folder (default: data)")
    parser.add_argument("--out", type=Path, default=Path("runs/stage1"), help="run folder (default: runs/stage1)")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint, if there is one")
    parser.add_argument("--start-from", type=Path, help="run or export of stage I whose weights a new run starts from")
    parser.add_argument("--max-minutes", type=config.minutes, help="save and stop after this time")
    parser.add_argument(
        "--set",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="change settings: training.batch_size=64 training.seed=1",
    )
    arguments = parser.parse_args()
    settings = config.load(Stage1Config, config.find_preset(arguments.preset, PRESETS), arguments.set)
    train(
        settings,
        PaintingDataset(arguments.data),
        arguments.out,
        resume=arguments.resume,
        start_from=arguments.start_from,
        max_minutes=arguments.max_minutes,
    )


if __name__ == "__main__":
    run_command(main)
