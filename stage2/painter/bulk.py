"""Paint many requests to many files: resumable, by several processes, and writing while the next batch is painted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

from common.errors import UserError
from common.machine import launched_place
from common.picture_files import (
    BYTES_PER_PIXEL,
    SUFFIXES,
    PlaceTaken,
    is_whole,
    read_metadata,
    require_room,
    write_overlapped,
    write_whole,
)
from stage2.painter.painter import Painter
from stage2.painter.requests import Origin, Painting, Request, Series, slug


@dataclass(frozen=True)
class Destination:
    """The folder of the pictures, and how they are stored in it."""

    folder: Path
    format: str = "png"
    by_label: bool = False
    """Put each picture into a folder `genre/style` instead of all into one folder."""
    overwrite: bool = False

    def path(self, request: Request, resolution_is_usual: bool) -> Path:
        """Return the path of a request's picture."""
        folder = self.folder / slug(request.genre) / slug(request.style) if self.by_label else self.folder
        size = "" if resolution_is_usual else f"_{request.resolution}px"
        return folder / f"{request.stem}{size}{SUFFIXES[self.format]}"


class Bulk:
    """This process's share of the pictures of some series, less those that exist already.

    Each of a launcher's n processes takes every n-th request; they do not communicate.
    """

    def __init__(self, painter: Painter, series: Iterable[Series], destination: Destination) -> None:
        """Check the requests, the disk and existing files before anything is painted. Reads `series` several times.

        Raises UserError for an impossible request, for a disk that is too full, and if a picture's path holds another
        file.
        """
        self._painter, self._series, self._destination = painter, series, destination
        self.count = 0
        """Number of pictures of all processes, including those that exist already."""
        self._require_possible()
        self.standing = 0
        """Number of pictures of this process that exist already and are skipped."""
        folder = destination.folder
        if folder.is_dir() and any(folder.iterdir()) and not destination.overwrite:
            self.standing = sum(self._stands(path, request) for path, request in self._own())

    def paint(self) -> Iterator[Path]:
        """Paint the missing pictures; yield each path once its file is on the disk."""
        missing: Iterator[Request] = (
            request
            for path, request in self._own()
            if self._destination.overwrite or not (self.standing and path.exists())
        )
        return write_overlapped(self._files(missing))

    def _files(self, requests: Iterator[Request]) -> Iterator[tuple[Path, Callable[[], None]]]:
        for painting in self._painter.stream(requests):
            path = self._path(painting.request)
            yield path, partial(self._write, path, painting)

    def _write(self, path: Path, painting: Painting) -> None:
        try:
            write_whole(path, painting.encoded(self._destination.format), overwrite=self._destination.overwrite)
        except PlaceTaken:
            # A file may hold a request twice, or another command may paint the same one, in a batch of another size.
            if not self._stands(path, painting.request):
                raise

    def _own(self) -> Iterator[tuple[Path, Request]]:
        process, processes = launched_place()
        for request in islice(chain.from_iterable(self._series), process, None, processes):
            resolved = self._painter.resolve(request)
            yield self._path(resolved), resolved

    def _path(self, request: Request) -> Path:
        return self._destination.path(request, request.resolution == self._painter.resolutions[-1])

    def _require_possible(self) -> None:
        bytes_needed = 0.0
        for series in self._series:
            side = self._painter.check_series(series)
            self.count += series.count
            bytes_needed += series.count * (side**2 * BYTES_PER_PIXEL[self._destination.format] + 4096)
        if not self.count:
            raise UserError("no pictures are requested; give at least one request")
        require_room(self._destination.folder, bytes_needed, f"{self.count} pictures")

    def _stands(self, path: Path, request: Request) -> bool:
        if not path.exists():
            return False
        try:
            origin = Origin.of(read_metadata(path), str(path))
            asked = self._painter.resolve(origin.request)
            same = is_whole(path) and asked == request and origin.weights == self._painter.weights
        except UserError:
            same = False
        if not same:
            raise UserError(
                f"{path} exists and is a different or an incomplete picture; choose another --seed or --out, or "
                "replace it with --overwrite"
            )
        return True
