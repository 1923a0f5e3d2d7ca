"""What the scripts' command lines have in common; training's options are the same for both stages."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn, TypeVar

from common import config
from common.errors import UserError

T = TypeVar("T")


class Parser(argparse.ArgumentParser):
    """Answers what it does not understand in one line, as all else that a user can put right."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; --help shows what there is")


def training_parser(description: str, *, stage: int, preset: str, presets: Path) -> Parser:
    """The options of training a stage, `preset` being the usual one of the folder `presets`."""
    parser = Parser(
        description=description, epilog="Settings of the networks, the losses and the training are changed with --set."
    )
    shipped = ", ".join(sorted(path.stem for path in presets.glob("*.yaml")))
    parser.add_argument(
        "--preset",
        help=f"{shipped}, or the path of a YAML file (default: {preset}; of a run to be resumed its own settings)",
    )
    run = Path(f"runs/stage{stage}")
    parser.add_argument("--data", type=Path, default=Path("data"), help="dataset folder (default: data)")
    parser.add_argument("--out", type=Path, default=run, help=f"run folder (default: {run})")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint, if there is one")
    parser.add_argument(
        "--start-from",
        type=Path,
        help=f"run or export of stage {'I' * stage} whose weights a new run starts from (default: random weights)",
    )
    parser.add_argument(
        "--max-minutes", type=config.minutes, help="save and stop after this time (default: at the last step)"
    )
    parser.add_argument(
        "--set",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="change settings: training.batch_size=64 training.seed=1",
    )
    parser.set_defaults(usual_preset=preset, presets=presets)
    return parser


def training_settings(cls: type[T], arguments: argparse.Namespace) -> T:
    """What a preset and `--set` say; a run that is resumed without a preset is asked for its own settings."""
    from common.runs.folder import RunFolder  # Painting has no use for what it loads.

    run = RunFolder(arguments.out)
    if arguments.resume and arguments.preset is None and run.exists():
        return config.load(cls, run.settings, arguments.set)
    preset = config.find_preset(arguments.preset or arguments.usual_preset, arguments.presets)
    return config.load(cls, preset, arguments.set)
