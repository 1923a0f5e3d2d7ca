"""Paint pictures: `python scripts/generate.py --genre portrait --style renaissance --count 4 --seed 7`.

Several processes of `accelerate launch` or torchrun share the pictures. The first process alone paints a single file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import torch
from PIL import Image

from command_line import Parser
from common import picture_files
from common.errors import UserError, run_command
from common.images import captioned_grid
from common.machine import launched_place, own_device, share_cores
from common.vocabulary import ANY
from stage2 import Painter, Painting, Request
from stage2.painter import animations
from stage2.painter.bulk import Bulk, Destination
from stage2.painter.outputs import Output
from stage2.painter.request_files import COLUMNS, RequestFile
from stage2.painter.requests import Origin, Series, captions, slug
from stage2.painter.variations import in_styles, walk, with_nearby_noise

SHEET_COLUMNS = 8
LARGEST_TOGETHER = 100_000_000
"""Most pixels of pictures that are held in memory at once."""
DEFAULTS = {
    "genre": ANY, "style": ANY, "seed": 0, "truncation": 1.0, "among": (), "nearby": 0.3, "frames": 48, "fps": 20,
}  # fmt: skip
COUNTS = {"vary latents": 8, "walk seeds": 4}
"""The default of --count in these modes; 1 in all others."""
MANY = ("paint", "requests", "vary styles", "vary latents")
"""Modes that write one file per picture, for any number of pictures."""
WALKS = ("walk seeds", "walk genres", "walk styles")
ONLY_WITH = {
    "from": ("curate",),
    "variety": ("curate",),
    "among": ("vary styles", "walk genres", "walk styles"),
    "nearby": ("vary latents",),
    "frames": WALKS,
    "fps": WALKS,
    "by-label": MANY,
    "grid": (*MANY, "curate"),
    "nearest": (*MANY, "curate", "again"),
}
NEVER_WITH = {
    "requests": ("genre", "style", "count"),
    "curate": ("count",),
    "vary styles": ("count",),
    "walk genres": ("count",),
    "walk styles": ("count",),
    "sheet": ("genre", "style", "count"),
    "list": ("genre", "style", "count", "seed", "resolution", "truncation", "overwrite"),
    "again": ("genre", "style", "count", "seed", "resolution", "truncation"),
}
"""Options that a mode does not take, because it decides their values itself."""


def main() -> None:
    arguments = _parser().parse_args()
    mode = _mode(arguments)
    _settle(arguments, mode)
    formats = animations.SUFFIXES if mode in WALKS else picture_files.SUFFIXES
    usual = picture_files.format_of(arguments.again) if arguments.again else next(iter(formats))
    output = Output.of(arguments.out, arguments.format, usual, formats, overwrite=arguments.overwrite)
    in_files = mode in MANY and not (arguments.grid or arguments.nearest or output.is_one_file)
    if arguments.by_label and not in_files:
        raise UserError("--by-label sorts files into folders; leave it out for a sheet or a single file")
    if launched_place()[0] > 0 and not in_files:
        return
    share_cores()
    painter = Painter.load(arguments.weights, own_device(arguments.device))
    if mode == "list":
        print("\n".join(_known(painter)))
        return
    asked = Request(
        genre=arguments.genre,
        style=arguments.style,
        seed=arguments.seed,
        truncation=arguments.truncation,
        resolution=arguments.resolution,
    )
    painter.check_series(Series(asked, arguments.count))
    asked = painter.resolve(asked)
    if in_files:
        _paint_files(painter, _series(arguments, mode, painter, asked), output, by_label=arguments.by_label)
    elif mode in WALKS:
        _paint_walk(painter, arguments, asked, output)
    elif mode == "sheet":
        size = "" if asked.resolution == painter.resolutions[-1] else f"_{asked.resolution}px"
        (target,) = output.targets([f"sheet_{asked.seed}{size}"])
        output.write(target, _encoded(painter.sheet(asked.seed, asked.truncation, asked.resolution), output, painter))
    else:
        _paint_together(painter, arguments, mode, asked, output)


def _paint_files(painter: Painter, series: Iterable[Series], output: Output, *, by_label: bool) -> None:
    bulk = Bulk(painter, series, Destination(output.folder, output.format, by_label, output.overwrite))
    for path in bulk.paint():
        # Write line and newline in one call: torchrun's processes are unbuffered, and their output would mix.
        sys.stdout.write(f"{path}\n")
    if bulk.standing:
        print(f"skipped because they exist: {bulk.standing} (replace them with --overwrite)", file=sys.stderr)


def _paint_walk(painter: Painter, arguments: argparse.Namespace, asked: Request, output: Output) -> None:
    kind = arguments.walk
    animations.require_animation(output.format, arguments.fps)
    frames = walk(
        kind, asked, painter.vocabulary, frames=arguments.frames, stops=arguments.count, among=arguments.among
    )
    for frame in frames:
        painter.resolve(frame)
    (target,) = output.targets([f"{asked.stem}_walk-{kind}"])
    pictures = (painting.image for painting in painter.stream(frames))
    about = {**_about(painter), "walk": kind, "genre": asked.genre, "style": asked.style, "seed": str(asked.seed)}
    output.write(target, animations.animation(pictures, output.format, arguments.fps, about))


def _paint_together(painter: Painter, arguments: argparse.Namespace, mode: str, asked: Request, output: Output) -> None:
    """Paint all pictures before the first is written: curated ones, a repainted one, a sheet, a single file."""
    paint: Callable[[], list[Painting]]
    if mode == "again":
        origin = Origin.of(picture_files.read_metadata(arguments.again), str(arguments.again))
        painter.require_same_weights(origin)
        title = f"{arguments.again.stem}_again"
        names, requests = [title], [origin.request]
        paint = lambda: [painter.again(origin)]  # noqa: E731
    elif mode == "curate":
        _require_few(painter, arguments.curate)
        title = f"{Series(asked, arguments.candidates).stem}_best"
        names, requests = [f"{title}{rank:02}" for rank in range(1, arguments.curate + 1)], [asked]
        paint = partial(painter.curate, asked, arguments.curate, arguments.candidates, variety=arguments.variety)
    else:
        series = list(_series(arguments, mode, painter, asked))
        if not series:
            raise UserError("no pictures are requested; give at least one request")
        for one in series:
            painter.check_series(one)
        title = _title(arguments, mode, asked)
        _require_few(painter, sum(one.count for one in series))
        requests = [painter.resolve(request) for request in chain.from_iterable(series)]
        names = [request.stem for request in requests]
        paint = lambda: list(painter.stream(requests))  # noqa: E731
    sides = {painter.check(one.genre, one.style, 1, one.seed, one.resolution, one.truncation) for one in requests}
    if arguments.grid or arguments.nearest:
        if len(sides) > 1:
            raise UserError("a sheet needs pictures of one resolution; choose one, or leave --grid and --nearest out")
        names = [f"{title}_{'grid' if arguments.grid else 'nearest'}"]
    targets = output.targets(names)
    if arguments.nearest:
        # Imported here, because only --nearest needs the packages for evaluation.
        from common.evaluation.neighbours import Collection

        collection = Collection.opened(arguments.nearest, max(sides), painter.device)
        paintings = paint()
        sheet = collection.sheet([painting.image for painting in paintings], captions(paintings))
    elif arguments.grid:
        paintings = paint()
        sheet = captioned_grid([painting.image for painting in paintings], captions(paintings), SHEET_COLUMNS)
    else:
        for target, painting in zip(targets, paint(), strict=True):
            output.write(target, painting.encoded(output.format))
        return
    output.write(targets[0], _encoded(sheet, output, painter))


def _title(arguments: argparse.Namespace, mode: str, asked: Request) -> str:
    """Return the file name of a sheet, without the kind of sheet and the suffix."""
    if mode == "requests":
        return slug(arguments.requests.stem)
    return f"{asked.stem}_{arguments.vary}" if arguments.vary else Series(asked, arguments.count).stem


def _series(arguments: argparse.Namespace, mode: str, painter: Painter, asked: Request) -> Iterable[Series]:
    match mode:
        case "requests":
            return RequestFile(arguments.requests, asked)
        case "vary styles":
            return [Series(request) for request in in_styles(asked, painter.vocabulary, arguments.among)]
        case "vary latents":
            return [Series(request) for request in with_nearby_noise(asked, arguments.count, arguments.nearby)]
        case _:
            return [Series(asked, arguments.count)]


def _require_few(painter: Painter, count: int) -> None:
    most = LARGEST_TOGETHER // painter.resolutions[-1] ** 2
    if count > most:
        raise UserError(
            f"{count} pictures are too many for memory, at most {most} fit; choose fewer, or one file per picture"
        )


def _known(painter: Painter) -> Iterator[str]:
    """Yield a line for each kind of label, and one for the resolutions."""
    vocabulary = painter.vocabulary
    styled = len(painter.resolutions) > 1
    kinds = {
        "genres": vocabulary.genres,
        "styles": vocabulary.styles if styled else (),
        "families of styles": vocabulary.families if styled else (),
        "resolutions": painter.resolutions,
    }
    return (f"{kind}: {', '.join(map(str, names)) or 'none'}" for kind, names in kinds.items())


def _encoded(sheet: Image.Image, output: Output, painter: Painter) -> bytes:
    return picture_files.encode(sheet, output.format, _about(painter))


def _about(painter: Painter) -> dict[str, str]:
    return {"Software": "Atelier", "weights": painter.weights}


def _mode(arguments: argparse.Namespace) -> str:
    for name in ("vary", "walk"):
        if _given(arguments, name):
            return f"{name} {getattr(arguments, name)}"
    return next((name for name in ("requests", "curate", "again", "sheet", "list") if _given(arguments, name)), "paint")


def _settle(arguments: argparse.Namespace, mode: str) -> None:
    """Raise UserError for options that contradict each other, and fill in defaults."""
    for option, modes in ONLY_WITH.items():
        if _given(arguments, option) and mode not in modes:
            if "paint" in modes:
                raise UserError(f"--{option} cannot be combined with --{mode}; leave one of them out")
            wanted = " or ".join(f"--{name}" for name in modes)
            raise UserError(f"--{option} needs {wanted}; add that, or leave --{option} out")
    for option in NEVER_WITH.get(mode, ()):
        if _given(arguments, option):
            raise UserError(f"--{option} cannot be combined with --{mode}; leave one of them out")
    if arguments.grid and arguments.nearest:
        raise UserError("--grid and --nearest make different sheets; leave one of them out")
    for name, value in DEFAULTS.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    if arguments.count is None:
        arguments.count = COUNTS.get(mode, 1)
    if arguments.curate is not None and arguments.candidates is None:
        arguments.candidates = 25 * arguments.curate


def _given(arguments: argparse.Namespace, option: str) -> bool:
    name = {"from": "candidates"}.get(option, option.replace("-", "_"))
    value = getattr(arguments, name)
    return value is not None and value is not False


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description="Paint pictures of a genre in a style.")
    what = parser.add_argument_group("what to paint")
    what.add_argument("--genre", help="a name, a blend such as portrait:0.7,landscape:0.3, or any (default: any)")
    what.add_argument("--style", help="a name, a family, a blend, or any (default: any)")
    what.add_argument("--count", type=int, help="number of pictures, each with the next seed (default: 1)")
    what.add_argument("--seed", type=int, help="seed of the first picture (default: 0)")
    what.add_argument(
        "--resolution",
        type=int,
        help="side in pixels; 64 uses stage I alone (default: the largest that --list prints)",
    )
    what.add_argument(
        "--truncation", type=float, help="above 0 to 1; lower is more typical and less varied (default: 1)"
    )
    what.add_argument(
        "--weights",
        type=Path,
        help="run or export (default: runs/stage2, else runs/stage1, else the weights that come with the project)",
    )
    what.add_argument(
        "--device",
        default="cuda" if torch.cuda.is_available() else "cpu",
        help="cpu, cuda, cuda:1, … (default: cuda if available, else cpu)",
    )
    how = parser.add_argument_group("modes").add_mutually_exclusive_group()
    how.add_argument(
        "--requests",
        type=Path,
        metavar="FILE",
        help=f"paint the requests of a .csv or .jsonl file with {', '.join(COLUMNS)}; only genre is required",
    )
    how.add_argument("--curate", type=int, metavar="N", help="paint many, keep the N that the critic ranks highest")
    how.add_argument(
        "--vary",
        choices=["styles", "latents"],
        help="styles: paint one picture in every style; latents: paint --count similar pictures (default: 8)",
    )
    how.add_argument(
        "--walk",
        choices=["seeds", "genres", "styles"],
        help="paint a looping animation; seeds: through --count seeds (default: 4)",
    )
    how.add_argument("--again", type=Path, metavar="PICTURE", help="repaint a picture from the metadata in its file")
    how.add_argument("--sheet", action="store_true", help="paint every genre in every style on one sheet")
    how.add_argument("--list", action="store_true", help="print the labels and resolutions that the weights know")
    details = parser.add_argument_group("options of these modes")
    details.add_argument(
        "--from", type=int, dest="candidates", metavar="M", help="curate: paint M candidates (default: 25 x N)"
    )
    details.add_argument("--variety", action="store_true", help="curate: skip pictures that look like a kept one")
    details.add_argument(
        "--among", nargs="+", metavar="NAME", help="vary styles, walk: only these genres or styles (default: all)"
    )
    details.add_argument(
        "--nearby", type=float, help="vary latents: distance from the original, above 0 to 1 (default: 0.3)"
    )
    details.add_argument("--frames", type=int, help="walk: number of frames (default: 48)")
    details.add_argument("--fps", type=int, help="walk: frames per second (default: 20)")
    where = parser.add_argument_group("output")
    where.add_argument(
        "--out",
        default="paintings",
        help="folder, or a file by its suffix, or - for the standard output (default: %(default)s)",
    )
    formats = dict.fromkeys([*picture_files.SUFFIXES, *animations.SUFFIXES])
    where.add_argument(
        "--format",
        choices=list(formats),
        help="file format (default: the suffix of --out, else png, or gif for a walk)",
    )
    where.add_argument("--by-label", action="store_true", help="sort the files into folders GENRE/STYLE")
    where.add_argument("--grid", action="store_true", help="write one sheet with captions instead of one file each")
    where.add_argument(
        "--nearest", type=Path, metavar="DATA", help="write a sheet with the nearest training paintings of this dataset"
    )
    where.add_argument("--overwrite", action="store_true", help="replace existing files")
    return parser


if __name__ == "__main__":
    run_command(main)
