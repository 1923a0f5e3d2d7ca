"""The parser of all scripts, and the options of training, which are the same for both stages."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from common import config
from common.errors import UserError

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
        super().__init__(formatter_class=_HelpWithDefaults, **options)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; --help lists the options")


def training_parser(description: str, *, stage: int, on_gpu: str, on_cpu: str, presets: Path) -> Parser:
    """Return the parser for training a stage; `on_gpu` and `on_cpu` are the default presets in the folder `presets`."""
    parser = Parser(
        description=description, epilog="--set changes any setting of the networks, the losses and the training."
    )
    shipped = ", ".join(sorted(path.stem for path in presets.glob("*.yaml")))
    parser.add_argument(
        "--preset",
        help=f"{shipped}, or the path of a YAML file (default: {on_gpu} with a CUDA GPU, {on_cpu} without one; with "
        "--resume: the run's own settings)",
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="dataset folder")
    parser.add_argument("--out", type=Path, default=Path(f"runs/stage{stage}"), help="run folder")
    parser.add_argument("--resume", action="store_true", help="continue from the newest checkpoint, if there is one")
    parser.add_argument(
        "--start-from",
        type=Path,
        help=f"run or export of stage {'I' * stage} whose weights a new run starts from (default: random weights)",
    )
    parser.add_argument(
        "--max-minutes", type=config.minutes, help="save and stop after this many minutes (default: no limit)"
    )
    parser.add_argument(
        "--set",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="change settings, for example training.batch_size=64 training.seed=1",
    )
    parser.set_defaults(on_gpu=on_gpu, on_cpu=on_cpu, presets=presets)
    return parser


def training_settings(cls: type[T], arguments: argparse.Namespace) -> T:
    """Return the settings from `--preset` and `--set`. Without a preset, take a resumed run's own or the machine's."""
    from common.runs.folder import RunFolder  # Slow to import, and painting does not need it.

    run = RunFolder(arguments.out)
    if arguments.resume and arguments.preset is None and run.exists():
        return config.load(cls, run.settings, arguments.set)
    preset = config.find_preset(arguments.preset or _default_preset(arguments), arguments.presets)
    return config.load(cls, preset, arguments.set)


def _default_preset(arguments: argparse.Namespace) -> str:
    """Return the default preset for this machine; the first process prints it."""
    from common.machine import launched_place, trains_on_gpu

    gpu = trains_on_gpu()
    preset: str = arguments.on_gpu if gpu else arguments.on_cpu
    if launched_place()[0] == 0:
        print(f"using --preset {preset}, because training has {'a' if gpu else 'no'} CUDA GPU", flush=True)
    return preset
