"""Paint pictures: `python scripts/generate.py --genre portrait --style renaissance --count 4 --seed 7`.

Several processes of `accelerate launch` or torchrun share the pictures. The first process alone paints a single file.
"""

from __future__ import annotations

from pathlib import Path

import painting_options as options
from command_line import Parser, at_least
from common.aspects import SQUARE
from common.errors import UserError, run_command
from common.machine import launched_place
from common.picture_files import SUFFIXES, format_of
from stage2.painter import commands
from stage2.painter.requests import read_requests, slug

UNUSED = [("curate", "by_label"), ("grid", "by_label")]
UNUSED += [("again", name) for name in (*options.REQUEST, "grid", "by_label")]
"""Pairs of options; the first makes the second meaningless."""


def main() -> None:
    parser = Parser(description="Paint pictures of a genre in a style.")
    options.add_options(parser, "genre", "style")
    aspect = "shape, width:height such as 3:4, or as-trained: the shape of a painting of that genre"
    parser.add_argument("--aspect", default=SQUARE, help=aspect)
    which = options.add_seeds(parser)
    columns = "genre, style, seed, count, resolution, truncation, aspect, style_strength"
    rows = f"paint rows of a .csv or .jsonl: {columns}, or a few of them"
    which.add_argument("--requests", type=Path, metavar="FILE", help=rows)
    curate = "paint many, keep the N that the critic ranks highest"
    which.add_argument("--curate", type=at_least(1), metavar="N", help=curate)
    which.add_argument("--again", type=Path, metavar="PICTURE", help="repaint a picture from the metadata in its file")
    which.add_argument("--list", action="store_true", help="print the labels and resolutions that the weights know")
    how = parser.add_argument_group("how")
    many = "curate: paint M (default: 25 x N)"
    how.add_argument("--from", type=at_least(1), dest="candidates", metavar="M", help=many)
    how.add_argument("--variety", action="store_true", help="curate: skip pictures that look like a kept one")
    how.add_argument("--grid", action="store_true", help="write one sheet with captions instead of one file each")
    how.add_argument("--by-label", action="store_true", help="sort the files into folders GENRE/STYLE")
    arguments = parser.parse_args()
    if arguments.curate is None and (arguments.candidates is not None or arguments.variety):
        raise UserError("--from and --variety need --curate; add it, or leave them out")
    for one, name in UNUSED:
        if getattr(arguments, one) and getattr(arguments, name) != parser.get_default(name):
            raise UserError(f"--{name.replace('_', '-')} cannot be combined with --{one}; leave one of them out")
    if arguments.again is not None:
        usual = format_of(arguments.again)
        arguments.formats = {usual: SUFFIXES[usual], **SUFFIXES}
    painter, request, output = options.begin(arguments)
    if arguments.list:
        if launched_place()[0] == 0:
            print("\n".join(commands.known_names(painter)))
    elif arguments.again:
        commands.paint_again(painter, arguments.again, output)
    elif arguments.curate:
        keep, candidates = arguments.curate, arguments.candidates or 25 * arguments.curate
        how_to = {"variety": arguments.variety, "sheet": arguments.grid}
        commands.paint_curated(painter, request, output, keep, candidates, **how_to)
    elif arguments.requests:
        sheet = f"{slug(arguments.requests.stem)}_grid" if arguments.grid else None
        commands.paint(painter, read_requests(arguments.requests, request), output, sheet)
    else:
        commands.paint(painter, [options.series_of(arguments, request)], output, "{}_grid" if arguments.grid else None)


if __name__ == "__main__":
    run_command(main)
