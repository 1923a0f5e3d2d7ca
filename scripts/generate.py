"""Paint pictures: `python scripts/generate.py --genre portrait --style renaissance --count 4 --seed 7`.

Several processes of `accelerate launch` or torchrun share the pictures. The first process alone paints a single file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import painting_options as options
from command_line import Parser
from common.errors import UserError, run_command
from common.machine import launched_place
from common.picture_files import SUFFIXES, format_of
from stage2.painter import commands
from stage2.painter.commands import Output
from stage2.painter.requests import COLUMNS, read_requests, slug

REQUEST = ("--genre", "--style", "--seed", "--resolution", "--truncation")
UNUSED = {
    "--list": (*REQUEST, "--grid", "--by-label", "--overwrite"),
    "--again": (*REQUEST, "--grid", "--by-label"),
    "--requests": ("--genre", "--style"),
    "--seeds": ("--seed",),
    "--curate": ("--by-label",),
    "--grid": ("--by-label",),
}
"""Options that another one makes meaningless."""


def main() -> None:
    arguments = _arguments()
    usual = format_of(arguments.again) if arguments.again else "png"
    formats = {usual: SUFFIXES[usual], **SUFFIXES}
    output = Output(arguments.out, arguments.format, formats, arguments.overwrite, arguments.by_label)
    in_one = arguments.grid or arguments.list or arguments.curate is not None or arguments.again or output.is_one_file
    if launched_place()[0] > 0 and in_one:
        return
    painter, request = options.load_painter(arguments)
    if arguments.list:
        print("\n".join(commands.known_names(painter)))
    elif arguments.again:
        commands.paint_again(painter, arguments.again, output)
    elif arguments.curate is not None:
        candidates = 25 * arguments.curate if arguments.candidates is None else arguments.candidates
        how = arguments.curate, candidates, arguments.variety
        commands.paint_curated(painter, request, output, *how, sheet=arguments.grid)
    elif arguments.requests:
        sheet = f"{slug(arguments.requests.stem)}_grid" if arguments.grid else None
        commands.paint(painter, read_requests(arguments.requests, request), output, sheet)
    else:
        commands.paint(painter, [options.series_of(arguments, request)], output, "{}_grid" if arguments.grid else None)


def _arguments() -> argparse.Namespace:
    parser = Parser(description="Paint pictures of a genre in a style.", parents=[options.shared_options()])
    which = parser.add_argument_group("which pictures, one of").add_mutually_exclusive_group()
    options.add_seeds(which)
    columns = f"{', '.join(COLUMNS)}; only genre is required"
    which.add_argument("--requests", type=Path, metavar="FILE", help=f"paint the rows of a .csv or .jsonl: {columns}")
    which.add_argument("--curate", type=int, metavar="N", help="paint many, keep the N that the critic ranks highest")
    which.add_argument("--again", type=Path, metavar="PICTURE", help="repaint a picture from the metadata in its file")
    which.add_argument("--list", action="store_true", help="print the labels and resolutions that the weights know")
    how = parser.add_argument_group("how")
    how.add_argument("--from", type=int, dest="candidates", metavar="M", help="curate: paint M (default: 25 x N)")
    how.add_argument("--variety", action="store_true", help="curate: skip pictures that look like a kept one")
    how.add_argument("--grid", action="store_true", help="write one sheet with captions instead of one file each")
    how.add_argument("--by-label", action="store_true", help="sort the files into folders GENRE/STYLE")
    options.add_format(how, SUFFIXES)
    arguments = parser.parse_args()
    options.refuse_unused(arguments, UNUSED)
    if arguments.curate is None and (arguments.candidates is not None or arguments.variety):
        raise UserError("--from and --variety need --curate; add it, or leave them out")
    return arguments


if __name__ == "__main__":
    run_command(main)
