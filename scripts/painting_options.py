"""What `generate.py` and the commands of `explore.py` share: options, and what they mean together."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from command_line import Parser
from common.errors import UserError
from common.machine import own_device, share_cores
from stage2 import Painter, Request
from stage2.painter.requests import Series, parse_seeds


def shared_options() -> Parser:
    """Return the options of all painting commands, as a parent parser."""
    options = Parser(add_help=False)
    what = options.add_argument_group("what to paint")
    # `Request` holds the defaults, so None tells that an option was not typed.
    what.add_argument("--genre", help="a name, a blend such as portrait:0.7,landscape:0.3, or any (default: any)")
    what.add_argument("--style", help="a name, a family, a blend, or any (default: any)")
    what.add_argument("--seed", type=int, help="seed of the first picture (default: 0)")
    what.add_argument(
        "--resolution", type=int, help="side in pixels; 64 uses stage I alone (default: the largest of the weights)"
    )
    truncation = "above 0 to 1; lower is more typical, less varied (default: 1)"
    what.add_argument("--truncation", type=float, help=truncation)
    weights = "run or export (default: runs/stage2, else runs/stage1, else the weights that come with the project)"
    what.add_argument("--weights", type=Path, help=weights)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    what.add_argument("--device", default=device, help="torch device: cpu, cuda, cuda:1")
    where = options.add_argument_group("output")
    out = "folder, or a file by its suffix, or - for the standard output"
    where.add_argument("--out", default="paintings", help=out)
    where.add_argument("--overwrite", action="store_true", help="replace existing files")
    return options


def add_format(parser: argparse._ActionsContainer, suffixes: Mapping[str, str]) -> None:
    """Add `--format` with these formats, the usual one first."""
    usual = next(iter(suffixes))
    parser.add_argument(
        "--format", choices=list(suffixes), help=f"file format (default: the suffix of --out, else {usual})"
    )


def add_seeds(group: argparse._MutuallyExclusiveGroup) -> None:
    """Add the two ways to ask for several pictures of one request."""
    group.add_argument("--count", type=int, help="number of pictures, each with the next seed (default: 1)")
    group.add_argument("--seeds", type=parse_seeds, help="paint these seeds, such as 0-49 or 0,3,7-12 (default: none)")


def typed(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return the values of those of some options, which have no default, that were typed."""
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}


def refuse_unused(arguments: argparse.Namespace, unused: Mapping[str, Sequence[str]]) -> None:
    """Raise UserError if an option was typed that another choice makes meaningless; `unused` lists those of each.

    A choice is an option, or the value of `command` or `kind`.
    """
    values = vars(arguments)
    given = {f"--{name.replace('_', '-')}" for name, value in values.items() if not (value is None or value is False)}
    given |= {str(values.get(name)) for name in ("command", "kind")}
    for choice, options in unused.items():
        for option in options:
            if {choice, option} <= given:
                raise UserError(f"{option} cannot be combined with {choice}; leave one of them out")


def load_painter(arguments: argparse.Namespace) -> tuple[Painter, Request]:
    """Return the painter of `--weights` on `--device`, and the request that the shared options make."""
    share_cores()
    request = Request(**typed(arguments, "genre", "style", "seed", "truncation", "resolution"))
    return Painter.load(arguments.weights, own_device(arguments.device)), request


def series_of(arguments: argparse.Namespace, request: Request) -> Series:
    """Return the series that a request makes with `--count` or `--seeds`."""
    return Series(request, arguments.seeds) if arguments.seeds else Series.of(request, **typed(arguments, "count"))
