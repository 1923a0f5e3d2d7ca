"""Train stage I: `accelerate launch scripts/train_stage1.py --preset default --data data --out runs/stage1`."""

from __future__ import annotations

from command_line import training_data, training_parser, training_settings
from common.errors import run_command
from stage1.config import PRESETS, Stage1Config
from stage1.training import train


def main() -> None:
    description = "Train stage I, which paints 64-pixel pictures from noise and a genre."
    arguments = training_parser(description, stage=1, presets=PRESETS).parse_args()
    train(
        training_settings(Stage1Config, arguments),
        training_data(arguments),
        arguments.out,
        resume=arguments.resume,
        start_from=arguments.start_from,
        max_minutes=arguments.max_minutes,
    )


if __name__ == "__main__":
    run_command(main)
