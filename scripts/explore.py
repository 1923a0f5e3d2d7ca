"""Look at what trained weights can do: `python scripts/explore.py sheet | vary | walk | restyle | nearest`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import painting_options as options
from command_line import Parser, at_least
from common.errors import run_command
from common.picture_files import SUFFIXES
from stage2.painter import commands
from stage2.painter.requests import Series
from stage2.painter.variations import WALK_SUFFIXES, in_styles, with_nearby_noise


def main() -> None:
    arguments = _parser().parse_args()
    painter, request, output = options.begin(arguments)
    if arguments.command == "sheet":
        commands.paint_labels(painter, request, output)
    elif arguments.command == "vary":
        asked = painter.resolve(request).request
        if arguments.kind == "styles":
            varied = in_styles(asked, painter.styles_at(asked.resolution), arguments.among)
        else:
            varied = with_nearby_noise(asked, arguments.count, arguments.nearby)
        sheet = f"{asked.stem}_{arguments.kind}_grid" if arguments.grid else None
        commands.paint(painter, map(Series.of, varied), output, sheet)
    elif arguments.command == "walk":
        stops = {name: value for name, value in vars(arguments).items() if name in ("frames", "stops", "among")}
        commands.paint_walk(painter, arguments.kind, request, output, arguments.fps, **stops)
    elif arguments.command == "restyle":
        commands.paint_restyled(painter, arguments.picture, request, output, arguments.in_style)
    else:
        # Imported here, because only this command needs the packages for evaluation.
        from stage2.painter.measuring import paint_beside_nearest

        paint_beside_nearest(painter, options.series_of(arguments, request), output, arguments.data)


def _parser() -> Parser:
    parser = Parser(description="Look at what trained weights can do.")
    names = parser.add_subparsers(dest="command", required=True)
    vary, walk = (
        names.add_parser(name, help=what).add_subparsers(dest="kind", required=True)
        for name, what in (("vary", "one picture in other styles, or near it"), ("walk", "a looping animation"))
    )

    def add(group: Any, name: str, what: str, *labels: str, formats: Mapping[str, str] = SUFFIXES) -> Parser:
        command: Parser = group.add_parser(name, help=what, description=f"Paint {what}.")
        options.add_options(command, *labels, formats=formats)
        return command

    add(names, "sheet", "every genre in every style on one sheet")
    styles = add(vary, "styles", "one picture in other styles", "genre")
    styles.add_argument("--among", nargs="+", default=(), metavar="STYLE", help="only these styles (default: all)")
    noise = add(vary, "noise", "one picture, and pictures near it", "genre", "style")
    noise.add_argument("--count", type=at_least(1, 2000), default=8, help="number of pictures")
    noise.add_argument("--nearby", type=float, default=0.3, help="how far from the first, 0 to 1")
    for one in (styles, noise):
        one.add_argument("--grid", action="store_true", help="write one sheet with captions instead of one file each")
    for kind, labels in {"seeds": ("genre", "style"), "genres": ("style",), "styles": ("genre",)}.items():
        one = add(walk, kind, f"a looping walk through {kind}", *labels, formats=WALK_SUFFIXES)
        if kind == "seeds":
            one.add_argument("--stops", type=at_least(2), default=4, help="number of seeds")
        else:
            one.add_argument("--among", nargs="+", default=(), metavar="NAME", help="only these (default: all)")
        one.add_argument("--frames", type=at_least(2, 2000), default=48, help="number of frames")
        one.add_argument("--fps", type=at_least(1, 50), default=20, help="frames per second")
    restyle = add(names, "restyle", "a picture of your own in a style", "genre")
    restyle.add_argument("picture", type=Path, help="a photo, a drawing, a painting")
    style = "a name, a family, a blend, or any (default: every style, on one sheet)"
    restyle.add_argument("--style", dest="in_style", help=style)
    nearest = add(names, "nearest", "pictures beside their nearest training paintings", "genre", "style")
    options.add_seeds(nearest)
    nearest.add_argument("--data", type=Path, default=Path("data"), help="dataset folder of the paintings")
    return parser


if __name__ == "__main__":
    run_command(main)
