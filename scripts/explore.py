"""Look at what trained weights can do: `python scripts/explore.py sheet | vary | walk | nearest`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import painting_options as options
from command_line import Parser
from common.errors import run_command
from common.machine import launched_place
from common.picture_files import SUFFIXES
from stage2 import Painter, Request
from stage2.painter import commands
from stage2.painter.animations import SUFFIXES as WALK_SUFFIXES
from stage2.painter.outputs import Output
from stage2.painter.requests import Series
from stage2.painter.variations import in_styles, with_nearby_noise

UNUSED = {
    "sheet": ("--genre", "--style"),
    "styles": ("--count", "--nearby", "--stops"),
    "noise": ("--among",),
    "seeds": ("--among",),
    "genres": ("--stops",),
    "--seeds": ("--seed",),
}
"""Options that a command, its kind or another option makes meaningless."""


def main() -> None:
    parser = Parser(description="Look at what trained weights can do.")
    subparsers = parser.add_subparsers(dest="command", required=True)

    def add(name: str, description: str, formats: Mapping[str, str] = SUFFIXES) -> Parser:
        one: Parser = subparsers.add_parser(
            name, help=description, description=f"Paint {description}.", parents=[options.shared_options()]
        )
        options.add_format(one, formats)
        one.set_defaults(parser=one, formats=formats)
        return one

    add("sheet", "every genre in every style on one sheet")
    vary = add("vary", "one picture in other styles, or pictures near it")
    vary.add_argument("kind", choices=["styles", "noise"], help="what varies")
    vary.add_argument("--among", nargs="+", default=[], metavar="STYLE", help="only these styles (default: all)")
    vary.add_argument("--count", type=int, default=8, help="noise: number of pictures")
    vary.add_argument("--nearby", type=float, default=0.3, help="noise: how far from the first, above 0 to 1")
    vary.add_argument("--grid", action="store_true", help="write one sheet with captions instead of one file each")
    walk = add("walk", "a looping animation from stop to stop", WALK_SUFFIXES)
    walk.add_argument("kind", choices=["seeds", "genres", "styles"], help="what the stops are")
    walk.add_argument(
        "--among", nargs="+", default=[], metavar="NAME", help="only these genres or styles (default: all)"
    )
    walk.add_argument("--stops", type=int, default=4, help="seeds: number of stops")
    walk.add_argument("--frames", type=int, default=48, help="number of frames")
    walk.add_argument("--fps", type=int, default=20, help="frames per second")
    nearest = add("nearest", "pictures beside their nearest training paintings")
    options.add_seeds(nearest.add_mutually_exclusive_group())
    nearest.add_argument("--data", type=Path, default=Path("data"), help="dataset folder of the paintings")
    arguments = parser.parse_args()
    options.refuse_unused(arguments.parser, arguments, UNUSED)
    output = Output.of(arguments.out, arguments.format, arguments.formats, arguments.overwrite)
    if launched_place()[0] == 0:
        painter = options.load_painter(arguments)
        RUN[arguments.command](painter, options.request_of(arguments), output, arguments)


def _sheet(painter: Painter, request: Request, output: Output, arguments: argparse.Namespace) -> None:
    commands.paint_labels(painter, request, output)


def _vary(painter: Painter, request: Request, output: Output, arguments: argparse.Namespace) -> None:
    asked = painter.resolve(request).request
    if arguments.kind == "styles":
        varied = in_styles(asked, painter.vocabulary, arguments.among)
    else:
        varied = with_nearby_noise(asked, arguments.count, arguments.nearby)
    title = f"{asked.stem}_{arguments.kind}_grid" if arguments.grid else None
    commands.paint(painter, map(Series.of, varied), output, title)


def _walk(painter: Painter, request: Request, output: Output, arguments: argparse.Namespace) -> None:
    length = arguments.frames, arguments.fps, arguments.stops
    commands.paint_walk(painter, arguments.kind, request, output, *length, arguments.among)


def _nearest(painter: Painter, request: Request, output: Output, arguments: argparse.Namespace) -> None:
    # Imported here, because only this command needs the packages for evaluation.
    from common.data.dataset import PaintingDataset
    from common.evaluation.features import default_feature_network, load_feature_network
    from common.evaluation.neighbours import nearest_sheet

    dataset, size = PaintingDataset(arguments.data), painter.resolve(request).resolution
    dataset.split("train", size)  # Refuses a size that the dataset lacks before the work.
    sheet = partial(nearest_sheet, dataset, size, load_feature_network(default_feature_network(), None, painter.device))
    commands.paint(painter, [options.series_of(arguments)], output, "{}_nearest", sheet)


RUN = {"sheet": _sheet, "vary": _vary, "walk": _walk, "nearest": _nearest}

if __name__ == "__main__":
    run_command(main)
