"""What the painting commands do once `scripts/generate.py` and `scripts/explore.py` have read their options."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path

from PIL import Image

from common.errors import UserError
from common.images import captioned_grid
from common.machine import launched_place
from common.picture_files import encode, write_overlapped, write_picture
from stage2.painter.animations import animation
from stage2.painter.outputs import Output
from stage2.painter.painter import Painter
from stage2.painter.requests import Origin, Painting, Request, Series, captions
from stage2.painter.resolving import Resolved
from stage2.painter.variations import Walk

MOST_PIXELS = 100_000_000
"""Of the pictures that are held in memory at once."""

LayOut = Callable[[Sequence[Image.Image], Sequence[str]], Image.Image]
"""Takes pictures and their captions, and returns a sheet."""
grid: LayOut = partial(captioned_grid, columns=8)


def paint(
    painter: Painter, series: Iterable[Series], output: Output, sheet: str | None = None, lay_out: LayOut = grid
) -> None:
    """Paint all pictures of some series: each to a file of its own, or all on one sheet.

    `sheet` is the sheet's file name; `{}` in it becomes the first series. Raises UserError before anything is painted.
    """
    resolved = [(painter.resolve_series(one), one) for one in series]
    if not resolved:
        raise UserError("no pictures are requested; give at least one request")
    if sheet is None and not output.is_one_file:
        _paint_files(painter, resolved, output)
        return
    count = sum(one.count for _, one in resolved)
    _require_few(painter, count)
    first, seeds = resolved[0]
    if sheet is not None and any(one.resolution != first.resolution for one, _ in resolved):
        raise UserError("a sheet needs pictures of one resolution; choose one with --resolution, or leave --grid out")
    names = [""] * count if sheet is None else [sheet.format(replace(seeds, request=first.request).stem)]
    targets = output.targets(names)
    _write(painter, list(painter.paint_resolved(_each(resolved))), output, targets, None if sheet is None else lay_out)


def paint_curated(
    painter: Painter, request: Request, output: Output, keep: int, candidates: int, variety: bool, *, sheet: bool
) -> None:
    """Paint candidates, keep the best, and write them as one sheet or as single files, the best first."""
    _require_few(painter, keep)
    title = f"{Series.of(painter.resolve(request).request, candidates).stem}_best"
    targets = output.targets([f"{title}_grid"] if sheet else [f"{title}{rank:02}" for rank in range(1, keep + 1)])
    paintings = painter.curate(request, keep, candidates, variety=variety)
    _write(painter, paintings, output, targets, grid if sheet else None)


def paint_again(painter: Painter, picture: Path, output: Output) -> None:
    """Repaint a picture from the metadata in its file."""
    painting = painter.again(Origin.read(picture))
    _write(painter, [painting], output, output.targets([f"{picture.stem}_again"]))


def paint_labels(painter: Painter, request: Request, output: Output) -> None:
    """Paint every genre in every style on one sheet, with the seed, truncation and resolution of a request."""
    asked = painter.resolve(request).request
    size = "" if asked.resolution == painter.resolutions[-1] else f"_{asked.resolution}px"
    [target] = output.targets([f"sheet_{asked.seed}{size}"])
    sheet = painter.sheet(asked.seed, asked.truncation, asked.resolution)
    output.write(target, encode(sheet, output.format, _about(painter)))


def paint_walk(
    painter: Painter, kind: Walk, request: Request, output: Output, frames: int, fps: int, stops: int, among: list[str]
) -> None:
    """Paint a looping walk through seeds, genres or styles into an animation."""
    asked = painter.resolve(request).request
    [target] = output.targets([f"{asked.stem}_walk-{kind}"])
    pictures = (one.image for one in painter.walk(kind, asked, frames=frames, stops=stops, among=among))
    about = {**_about(painter), "walk": kind, "genre": asked.genre, "style": asked.style, "seed": str(asked.seed)}
    output.write(target, animation(pictures, output.format, fps, about))


def known_names(painter: Painter) -> list[str]:
    """Return a line for each kind of label, and one for the resolutions."""
    vocabulary, styled = painter.vocabulary, painter.knows_styles(painter.resolutions[-1])
    kinds: dict[str, Iterable[object]] = {
        "genres": vocabulary.genres,
        "styles": vocabulary.styles if styled else (),
        "families of styles": vocabulary.families if styled else (),
        "resolutions": painter.resolutions,
    }
    return [f"{kind}: {', '.join(map(str, names)) or 'none'}" for kind, names in kinds.items()]


def exists_already(painter: Painter, path: Path, request: Request) -> bool:
    """Return True if a file holds the picture of that request, by these weights. Raises UserError for another file."""
    if not path.exists():
        return False
    try:
        origin = Origin.read(path)
        same = origin.request == request and origin.weights == painter.weights
    except UserError:
        same = False
    if not same:
        raise UserError(
            f"{path} exists and is another picture; choose another --seed or --out, or replace it with --overwrite"
        )
    return True


def _paint_files(painter: Painter, resolved: Sequence[tuple[Resolved, Series]], output: Output) -> None:
    """Paint this process's share of the pictures; print each path once the file is on the disk.

    Each of a launcher's n processes takes every n-th picture; they do not communicate. Pictures that exist already are
    skipped. They are written while the next batch is painted.
    """

    def path_of(request: Request) -> Path:
        return output.path(request, painter.resolutions[-1])

    def own_share() -> Iterator[tuple[Path, Resolved]]:
        process, processes = launched_place()
        return ((path_of(one.request), one) for one in islice(_each(resolved), process, None, processes))

    def write(path: Path, painting: Painting) -> None:
        # A file of requests may hold one twice, or another command may paint the same one.
        if output.overwrite or not exists_already(painter, path, painting.request):
            write_picture(path, painting.encoded(output.format))

    skipped = 0
    if output.folder.is_dir() and any(output.folder.iterdir()) and not output.overwrite:
        skipped = sum(exists_already(painter, path, one.request) for path, one in own_share())
    missing = (one for path, one in own_share() if not (skipped and path.exists()))
    paintings = ((path_of(painting.request), painting) for painting in painter.paint_resolved(missing))
    for path in write_overlapped((path, partial(write, path, painting)) for path, painting in paintings):
        # Write line and newline in one call: torchrun's processes are unbuffered, and their output would mix.
        sys.stdout.write(f"{path}\n")
    if skipped:
        print(f"skipped because they exist: {skipped} (replace them with --overwrite)", file=sys.stderr)


def _each(resolved: Sequence[tuple[Resolved, Series]]) -> Iterator[Resolved]:
    return chain.from_iterable(first.with_seeds(chain.from_iterable(series.seeds)) for first, series in resolved)


def _require_few(painter: Painter, count: int) -> None:
    most = MOST_PIXELS // painter.resolutions[-1] ** 2
    if count > most:
        raise UserError(
            f"{count} pictures are too many for memory, at most {most} fit; choose fewer, or one file per picture"
        )


def _write(
    painter: Painter,
    paintings: Sequence[Painting],
    output: Output,
    targets: Sequence[Path],
    lay_out: LayOut | None = None,
) -> None:
    if lay_out is None:
        contents = [painting.encoded(output.format) for painting in paintings]
    else:
        sheet = lay_out([painting.image for painting in paintings], captions(paintings))
        contents = [encode(sheet, output.format, _about(painter))]
    for target, content in zip(targets, contents, strict=True):
        output.write(target, content)


def _about(painter: Painter) -> dict[str, str]:
    return {"Software": "Atelier", "weights": painter.weights}
