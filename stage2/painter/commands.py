"""What the painting commands do once `scripts/generate.py` and `scripts/explore.py` have read their options.

`Output` is where they write: a folder, one file, or the standard output.
"""

from __future__ import annotations

import contextlib
import mimetypes
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from PIL import Image

from common.errors import UserError
from common.images import captioned_grid
from common.machine import launched_place
from common.picture_files import encode, write_overlapped, write_picture
from common.vocabulary import ANY
from stage2.painter.painter import Painter
from stage2.painter.photos import Photo, open_photo
from stage2.painter.requests import Origin, Painting, Request, Series, captions, slug
from stage2.painter.resolving import Resolved
from stage2.painter.variations import Walk, animation

MOST_PIXELS = 100_000_000
"""Of the pictures that are held in memory at once."""

LayOut = Callable[[Sequence[Image.Image], Sequence[str]], Image.Image]
"""Takes pictures and their captions, and returns a sheet."""
grid: LayOut = partial(captioned_grid, columns=8)


class Output:
    """The meaning of `--out`, `--format`, `--by-label` and `--overwrite` together."""

    def __init__(
        self, out: str, format: str | None, suffixes: Mapping[str, str], overwrite: bool = False, by_label: bool = False
    ) -> None:
        """Take the format of the suffix of `out` if none is given, or else the first of `suffixes`.

        Raises UserError if the two do not match, or if `out` is another kind of file.
        """
        suffix = Path(out).suffix.lower().replace(".jpeg", ".jpg")
        named = {value: name for name, value in suffixes.items()}.get(suffix)
        shows = (mimetypes.guess_type(out)[0] or "").startswith(("image/", "video/", "application/pdf"))
        if named is None and (Path(out).is_file() or (shows and not Path(out).is_dir())):
            known = ", ".join(suffixes.values())
            raise UserError(f"--out {out}: no such file can be written here; give a folder or a file ending in {known}")
        if format is not None and named not in (None, format):
            raise UserError(f"--out {out} does not match --format {format}; leave one of them out")
        self.out, self.overwrite, self.by_label = out, overwrite, by_label
        self.format = format or named or next(iter(suffixes))
        self.is_one_file = named is not None or out == "-"
        self._folder, self._suffix = Path(out), suffixes[self.format]

    def path(self, request: Request, usual_resolution: int) -> Path:
        """Return the path of a picture among many. Its name holds its resolution if that is not the usual one."""
        folder = self._folder / slug(request.genre) / slug(request.style) if self.by_label else self._folder
        size = "" if request.resolution == usual_resolution else f"_{request.resolution}px"
        return folder / f"{request.stem}{size}{self._suffix}"

    def write(self, names: Sequence[str], make: Callable[[], Iterable[bytes]]) -> None:
        """Write a file for each name, and print its path; the standard output gets the bytes alone.

        Only the first of a launcher's processes does. Raises UserError before `make` is called if a file exists
        already, or if `out` is a single file for several names.
        """
        if launched_place()[0] > 0:
            return
        if self.is_one_file and len(names) > 1:
            raise UserError(f"--out {self.out} is one file, but there are {len(names)} pictures; give a folder")
        paths = [self._folder if self.is_one_file else self._folder / f"{name}{self._suffix}" for name in names]
        existing = [path for path in paths if path.exists()] if self.out != "-" else []
        if existing and not self.overwrite:
            raise UserError(f"{existing[0]} exists; choose another --out, or replace it with --overwrite")
        for path, content in zip(paths, make(), strict=True):
            if self.out == "-":
                sys.stdout.buffer.write(content)
                sys.stdout.buffer.flush()
            else:
                write_picture(path, content)
                print(path)


def paint(
    painter: Painter, series: Iterable[Series], output: Output, sheet: str | None = None, lay_out: LayOut = grid
) -> None:
    """Paint all pictures of some series: each to a file of its own, or all on one sheet.

    `sheet` is the sheet's file name; `{}` in it becomes the first series. Raises UserError before anything is painted.
    """
    resolved: list[tuple[Resolved, Series]] = []
    for one in series:
        try:
            resolved.append((painter.resolve(one.request), one))
        except UserError as error:
            raise UserError(f"{one.line}: {error}" if one.line else str(error)) from None
    if not resolved:
        raise UserError("no pictures are requested; give at least one request")
    if sheet is None and not output.is_one_file:
        _paint_files(painter, resolved, output)
        return
    count = sum(one.count for _, one in resolved)
    _require_few(painter, count, "choose one file per picture")
    first, seeds = resolved[0]
    if sheet is not None and any(one.resolution != first.resolution for one, _ in resolved):
        raise UserError("a sheet needs pictures of one resolution; choose one with --resolution, or leave --grid out")
    names = [""] * count if sheet is None else [sheet.format(replace(seeds, request=first.request).stem)]
    pictures = painter.paint_resolved(_each(resolved))
    output.write(names, lambda: _contents(painter, list(pictures), output, lay_out if sheet else None))


def paint_curated(
    painter: Painter, request: Request, output: Output, keep: int, candidates: int, *, variety: bool, sheet: bool
) -> None:
    """Paint candidates, keep the best, and write them as one sheet or as single files, the best first."""
    _require_few(painter, keep, "keep fewer")
    title = f"{Series.of(painter.resolve(request).request, candidates).stem}_best"
    names = [f"{title}_grid"] if sheet else [f"{title}{rank:02}" for rank in range(1, keep + 1)]
    curate = partial(painter.curate, request, keep, candidates, variety=variety)
    output.write(names, lambda: _contents(painter, curate(), output, grid if sheet else None))


def paint_restyled(painter: Painter, path: Path, request: Request, output: Output, style: str | None) -> None:
    """Paint a picture of the user's own in a style; without one, in every style, all on one sheet."""
    photo = open_photo(path)
    for remark in photo.remarks:
        print(f"warning: {path} is among the pictures that {remark}", file=sys.stderr)
    styles = [style] if style else painter.styles_at(request.resolution) or [ANY]
    paintings = painter.restyled(Photo.of(photo.image), [replace(request, style=one) for one in styles])
    asked = painter.resolve(replace(request, style=style or ANY)).request
    name = f"{slug(path.stem)}_{asked.stem}" if style else f"{slug(path.stem)}_{asked.stem}_styles_grid"
    output.write([name], lambda: _contents(painter, list(paintings), output, None if style else grid))


def paint_again(painter: Painter, picture: Path, output: Output) -> None:
    """Repaint a picture from the metadata in its file."""
    origin = Origin.read(picture)
    output.write([f"{picture.stem}_again"], lambda: [painter.again(origin).encoded(output.format)])


def paint_labels(painter: Painter, request: Request, output: Output) -> None:
    """Paint every genre in every style on one sheet, with the seed and the settings of a request."""
    asked = painter.resolve(request).request
    size = "" if asked.resolution == painter.resolutions[-1] else f"_{asked.resolution}px"
    names = [f"sheet_{asked.seed}{asked.settings}{size}"]
    output.write(names, lambda: [encode(painter.sheet(asked), output.format, _about(painter))])


def paint_walk(painter: Painter, kind: Walk, request: Request, output: Output, fps: int, **stops: Any) -> None:
    """Paint a looping walk through seeds, genres or styles into an animation; `Painter.walk` explains `stops`."""
    asked = painter.resolve(request).request
    pictures = (one.image for one in painter.walk(kind, asked, **stops))
    about = {**_about(painter), "walk": kind, "genre": asked.genre, "style": asked.style, "seed": str(asked.seed)}
    output.write([f"{asked.stem}_walk-{kind}"], lambda: [animation(pictures, output.format, fps, about)])


def known_names(painter: Painter) -> list[str]:
    """Return a line for each kind of label, and one for the resolutions."""
    styles = painter.styles_at(None)
    families = list(painter.vocabulary.families) if styles else []
    kinds = {"genres": list(painter.vocabulary.genres), "styles": styles, "families of styles": families}
    kinds["resolutions"] = [str(side) for side in painter.resolutions]
    if painter.vocabulary.styles and not styles:
        kinds["styles"] = ["none without stage II"]
    return [f"{kind}: {', '.join(names) or 'none'}" for kind, names in kinds.items()]


def _paint_files(painter: Painter, resolved: Sequence[tuple[Resolved, Series]], output: Output) -> None:
    """Paint this process's share of the pictures; print each path once the file is on the disk.

    Each of a launcher's n processes takes every n-th picture; they do not communicate. Pictures that exist already are
    skipped. They are written while the next batch is painted.
    """

    def path_of(request: Request) -> Path:
        return output.path(request, painter.resolutions[-1])

    def is_missing(one: Resolved) -> bool:
        path = path_of(one.request)
        if output.overwrite or not path.exists():
            return True
        with contextlib.suppress(UserError):
            origin = Origin.read(path)
            if (origin.request, origin.weights) == (one.request, painter.weights):
                return False
        raise UserError(
            f"{path} exists and is another picture; choose another --seed or --out, or replace it with --overwrite"
        )

    def own_share() -> Iterator[Resolved]:
        process, processes = launched_place()
        return islice(_each(resolved), process, None, processes)

    # Look at all files first, to find a picture in the way before anything is painted.
    skipped = sum(not is_missing(one) for one in own_share())
    paintings = ((path_of(one.request), one) for one in painter.paint_resolved(filter(is_missing, own_share())))
    for path in write_overlapped((path, partial(one.save, path)) for path, one in paintings):
        # Write line and newline in one call: torchrun's processes are unbuffered, and their output would mix.
        sys.stdout.write(f"{path}\n")
    if skipped:
        print(f"skipped because they exist: {skipped} (replace them with --overwrite)", file=sys.stderr)


def _require_few(painter: Painter, count: int, remedy: str) -> None:
    if count > (most := MOST_PIXELS // painter.resolutions[-1] ** 2):
        raise UserError(f"{count} pictures are too many for memory, at most {most} fit; {remedy}")


def _each(resolved: Sequence[tuple[Resolved, Series]]) -> Iterator[Resolved]:
    return chain.from_iterable(first.with_seeds(chain.from_iterable(series.seeds)) for first, series in resolved)


def _contents(
    painter: Painter, paintings: Sequence[Painting], output: Output, lay_out: LayOut | None
) -> Sequence[bytes]:
    """Return the content of a file for each painting, or of one sheet of all of them."""
    if lay_out is None:
        return [painting.encoded(output.format) for painting in paintings]
    sheet = lay_out([painting.image for painting in paintings], captions(paintings))
    return [encode(sheet, output.format, _about(painter))]


def _about(painter: Painter) -> dict[str, str]:
    return {"Software": "Atelier", "weights": painter.weights}
