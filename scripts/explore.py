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
from stage2.painter import commands
from stage2.painter.animations import SUFFIXES as WALK_SUFFIXES
from stage2.painter.commands import Output
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
    arguments = _arguments()
    output = Output(arguments.out, arguments.format, arguments.formats, arguments.overwrite)
    in_files = arguments.command == "vary" and not arguments.grid and not output.is_one_file
    if launched_place()[0] > 0 and not in_files:
        return
    painter, request = options.load_painter(arguments)
    if arguments.command == "sheet":
        commands.paint_labels(painter, request, output)
    elif arguments.command == "vary":
        asked = painter.resolve(request).request
        if arguments.kind == "styles":
            varied = in_styles(asked, painter.vocabulary, arguments.among or ())
        else:
            varied = with_nearby_noise(asked, **options.typed(arguments, "count", "nearby"))
        title = f"{asked.stem}_{arguments.kind}_grid" if arguments.grid else None
        commands.paint(painter, map(Series.of, varied), output, title)
    elif arguments.command == "walk":
        stops = options.typed(arguments, "frames", "stops", "among")
        commands.paint_walk(painter, arguments.kind, request, output, arguments.fps, **stops)
    else:
        # Imported here, because only this command needs the packages for evaluation.
        from common.data.dataset import PaintingDataset
        from common.evaluation.features import default_feature_network, load_feature_network
        from common.evaluation.report import nearest_sheet

        dataset, size = PaintingDataset(arguments.data), painter.resolve(request).resolution
        dataset.split("train", size)  # Refuses a size that the dataset lacks before the work.
        network = load_feature_network(default_feature_network(), None, painter.device)
        sheet = partial(nearest_sheet, dataset, size, network)
        commands.paint(painter, [options.series_of(arguments, request)], output, "{}_nearest", sheet)


def _arguments() -> argparse.Namespace:
    parser = Parser(description="Look at what trained weights can do.")
    subparsers = parser.add_subparsers(dest="command", required=True)

    def add(name: str, description: str, formats: Mapping[str, str] = SUFFIXES) -> Parser:
        one: Parser = subparsers.add_parser(
            name, help=description, description=f"Paint {description}.", parents=[options.shared_options()]
        )
        options.add_format(one, formats)
        one.set_defaults(formats=formats)
        return one

    add("sheet", "every genre in every style on one sheet")
    vary = add("vary", "one picture in other styles, or pictures near it")
    vary.add_argument("kind", choices=["styles", "noise"], help="what varies")
    vary.add_argument("--among", nargs="+", metavar="STYLE", help="only these styles (default: all)")
    vary.add_argument("--count", type=int, help="noise: number of pictures (default: 8)")
    vary.add_argument("--nearby", type=float, help="noise: how far from the first, above 0 to 1 (default: 0.3)")
    vary.add_argument("--grid", action="store_true", help="write one sheet with captions instead of one file each")
    walk = add("walk", "a looping animation from stop to stop", WALK_SUFFIXES)
    walk.add_argument("kind", choices=["seeds", "genres", "styles"], help="what the stops are")
    walk.add_argument("--among", nargs="+", metavar="NAME", help="only these genres or styles (default: all)")
    walk.add_argument("--stops", type=int, help="seeds: number of stops (default: 4)")
    walk.add_argument("--frames", type=int, default=48, help="number of frames")
    walk.add_argument("--fps", type=int, default=20, help="frames per second")
    nearest = add("nearest", "pictures beside their nearest training paintings")
    options.add_seeds(nearest.add_mutually_exclusive_group())
    nearest.add_argument("--data", type=Path, default=Path("data"), help="dataset folder of the paintings")
    arguments = parser.parse_args()
    options.refuse_unused(arguments, UNUSED)
    return arguments


if __name__ == "__main__":
    run_command(main)
