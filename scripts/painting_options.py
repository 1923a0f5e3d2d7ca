# ruff: noqa: E402
"""What `generate.py` and the commands of `explore.py` share: options, and what they mean together."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

gc.disable()  # Until `run_command`: modules are no garbage, but looking for it is a fifth of what reading them takes.
import torch

from command_line import Parser, at_least
from common.errors import UserError
from common.machine import own_device, share_cores
from common.picture_files import SUFFIXES
from common.vocabulary import ANY
from stage2 import Painter, Request
from stage2.painter.commands import Output
from stage2.painter.requests import STYLE_STRENGTH, Series, parse_seeds

REQUEST = ("genre", "style", "seed", "resolution", "truncation", "style_strength", "aspect")


def add_options(parser: Parser, *labels: str, formats: Mapping[str, str] = SUFFIXES) -> None:
    """Add the options of all painting commands; of `--genre` and `--style` only those that `labels` names."""
    what = parser.add_argument_group("what to paint")
    if "genre" in labels:
        genre = "a name, a blend such as portrait:0.7,landscape:0.3, or any"
        what.add_argument("--genre", default=ANY, help=genre)
    if "style" in labels:
        what.add_argument("--style", default=ANY, help="a name, a family, a blend, or any")
    what.add_argument("--seed", type=at_least(0), default=0, help="seed of the first picture")
    resolution = "side in pixels; 64 uses stage I alone (default: the largest of the weights)"
    what.add_argument("--resolution", type=int, help=resolution)
    truncation = "above 0 to 1; lower is more typical, less varied"
    what.add_argument("--truncation", type=float, default=1.0, help=truncation)
    strength = f"0 to 3: how clearly a style shows; 1 as in training (default: {STYLE_STRENGTH})"
    what.add_argument("--style-strength", type=float, default=STYLE_STRENGTH, help=strength)
    weights = "run or export (default: runs/stage2, else runs/stage1, else the weights that come with the project)"
    what.add_argument("--weights", type=Path, help=weights)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    what.add_argument("--device", default=device, help="torch device: cpu, cuda, cuda:1")
    where = parser.add_argument_group("output")
    out = "folder, or a file by its suffix, or - for the standard output"
    where.add_argument("--out", default="paintings", help=out)
    format = f"file format (default: the suffix of --out, else {next(iter(formats))})"
    where.add_argument("--format", choices=list(formats), help=format)
    where.add_argument("--overwrite", action="store_true", help="replace existing files")
    parser.set_defaults(formats=formats, by_label=False)


def add_seeds(parser: Parser) -> argparse._MutuallyExclusiveGroup:
    """Add the two ways to ask for several pictures of one request; return their group."""
    group = parser.add_argument_group("which pictures, one of").add_mutually_exclusive_group()
    group.add_argument("--count", type=at_least(1), default=1, help="number of pictures, each with the next seed")
    group.add_argument("--seeds", type=parse_seeds, help="paint these seeds, such as 0-49 or 0,3,7-12 (default: none)")
    return group


def begin(arguments: argparse.Namespace) -> tuple[Painter, Request, Output]:
    """Return the painter, the request and the output that the shared options describe."""
    asked = vars(arguments)
    output = Output(arguments.out, arguments.format, arguments.formats, arguments.overwrite, arguments.by_label)
    share_cores()
    painter = Painter.load(arguments.weights, own_device(arguments.device))
    return painter, Request(**{name: asked[name] for name in REQUEST if name in asked}), output


def series_of(arguments: argparse.Namespace, request: Request) -> Series:
    """Return the series that `--count` or `--seeds` makes of a request. Raises UserError for both seed and seeds."""
    if arguments.seeds is None:
        return Series.of(request, arguments.count)
    if request.seed:
        raise UserError("--seed cannot be combined with --seeds; leave one of them out")
    return Series(replace(request, seed=arguments.seeds[0].start), arguments.seeds)
