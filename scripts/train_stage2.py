"""Train stage II: `accelerate launch scripts/train_stage2.py --preset default-128 --stage1 runs/stage1`."""

from __future__ import annotations

from pathlib import Path

from command_line import training_data, training_parser, training_settings
from common.errors import run_command
from stage2.config import PRESETS, Stage2Config
from stage2.training import train


def main() -> None:
    description = "Train stage II, which turns a small picture and a style into a large picture."
    parser = training_parser(description, stage=2, presets=PRESETS)
    parser.add_argument(
        "--stage1",
        type=Path,
        help="run or export of stage I (default: the resumed run's own, else runs/stage1, else the shipped weights)",
    )
    arguments = parser.parse_args()
    train(
        training_settings(Stage2Config, arguments),
        training_data(arguments),
        arguments.stage1,
        arguments.out,
        resume=arguments.resume,
        start_from=arguments.start_from,
        max_minutes=arguments.max_minutes,
    )


if __name__ == "__main__":
    run_command(main)
