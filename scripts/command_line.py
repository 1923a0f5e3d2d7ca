"""The parser of all scripts, and the options of training, which are the same for both stages."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from common import config, machine
from common.errors import UserError

if TYPE_CHECKING:
    from common.data.dataset import PaintingDataset

T = TypeVar("T")


class _HelpWithDefaults(argparse.HelpFormatter):
    """Adds the default to the help of each option, except where the help itself says "(default: …)"."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text, default = action.help or "", action.default
        if "(default: " in text or default is None or default is False or default in ([], argparse.SUPPRESS):
            return text
        values = default if isinstance(default, list) else [default]
        return f"{text} (default: {' '.join(map(str, values))})"


class Parser(argparse.ArgumentParser):
    """Shows defaults in `--help`, and reports a wrong command line in one line, like any other `UserError`."""

    def __init__(self, **options: Any) -> None:
        # A shortened name would mean another option where a command lacks the one that it is the name of.
        super().__init__(formatter_class=_HelpWithDefaults, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; --help lists the options")


def at_least(least: int, most: int = 2**63 - 1, kind: Callable[[str], Any] = int) -> Callable[[str], Any]:
    """Return a type of option: a number from `least` to `most`, by default a whole one; `float` accepts any."""

    def number(text: str) -> Any:
        if not kind(text) >= least:  # Not `<`: NaN would pass.
            raise argparse.ArgumentTypeError(f"{text} is too low; give {least} or more")
        if kind(text) > most:
            raise argparse.ArgumentTypeError(f"{text} is too high; give {most} or less")
        return kind(text)

    return number


MACHINE_PRESETS = {1: ("default", "small"), 2: ("default-128", "small-128")}
"""Presets of each stage that training takes by itself: with a CUDA GPU, and without one."""


def training_parser(description: str, *, stage: int, presets: Path) -> Parser:
    """Return the parser for training a stage, whose presets lie in the folder `presets`."""
    parser = Parser(
        description=description, epilog="--set changes any setting of the networks, the losses and the training."
    )
    add = parser.add_argument
    on_gpu, on_cpu = MACHINE_PRESETS[stage]
    shipped = ", ".join(sorted(path.stem for path in presets.glob("*.yaml")))
    add(
        "--preset",
        help=f"{shipped}, or the path of a YAML file (default: {on_gpu} with a CUDA GPU, {on_cpu} without one; with "
        "--resume: the run's own settings)",
    )
    add("--data", type=Path, help="dataset folder (default: data; with --resume: the run's own)")
    add("--out", type=Path, default=Path(f"runs/stage{stage}"), help="run folder")
    add("--resume", action="store_true", help="continue from the newest checkpoint, if there is one")
    start = f"run or export of stage {'I' * stage} whose weights a new run starts from (default: random weights)"
    add("--start-from", type=Path, help=start)
    add("--max-minutes", type=config.minutes, help="save and stop after this many minutes (default: no limit)")
    add_changes(parser)
    parser.set_defaults(stage=stage, presets=presets)
    return parser


def add_changes(parser: argparse.ArgumentParser) -> None:
    """Add `--set` to a parser."""
    text = "change settings of the preset, for example training.batch_size=64 training.seed=1"
    parser.add_argument("--set", action="extend", nargs="+", default=[], metavar="KEY=VALUE", help=text)


def training_settings(cls: type[T], arguments: argparse.Namespace) -> T:
    """Return the settings from `--preset` and `--set`. Without a preset, take a resumed run's own or the machine's."""
    from common.runs.folder import RunFolder  # This is slow to import, and painting does not need it.

    run = RunFolder(arguments.out)
    if arguments.resume and arguments.preset is None and run.exists():
        return config.load(cls, run.settings, arguments.set)
    name = arguments.preset or machine_preset(arguments.stage)
    if arguments.preset is None and machine.launched_place()[0] == 0:
        gpu = "a" if name == MACHINE_PRESETS[arguments.stage][0] else "no"
        print(f"using --preset {name}, because training has {gpu} CUDA GPU", flush=True)
    return config.load(cls, config.find_preset(name, arguments.presets), arguments.set)


def training_data(arguments: argparse.Namespace) -> PaintingDataset:
    """Open the dataset of `--data`; without it, a resumed run's own, or `data`. Raises UserError if there is none."""
    from common.data.dataset import PaintingDataset
    from common.runs.folder import RunFolder

    own = RunFolder(arguments.out).dataset_folder if arguments.resume else None
    return PaintingDataset(arguments.data or own or Path("data"))


def machine_preset(stage: int) -> str:
    """Return the preset of a stage that training takes by itself on this machine."""
    return MACHINE_PRESETS[stage][0 if machine.trains_on_gpu() else 1]
