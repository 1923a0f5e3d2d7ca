"""A folder or zip of pictures without labels, such as the output of another program."""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath

from common.errors import UserError
from common.preparing.sources.files import Files, open_files
from common.preparing.sources.labels_table import TABLE, LabelsTable
from common.preparing.sources.listing import Entry, Listing, Record, Source

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})


def open_pictures(place: Path, labels: Path | None) -> Source:
    """Open a folder or zip with the labels.csv that is given or in it, or without labels."""
    files = open_files(place)
    return LabelsTable(files, labels) if labels is not None or files.has(TABLE) else UnlabelledPictures(files)


class UnlabelledPictures:
    """All files with the suffix of a picture, in all subfolders."""

    def __init__(self, files: Files) -> None:
        self.name = files.name
        self._files = files

    def listing(self) -> Listing:
        names = [name for name in self._files.names() if PurePosixPath(name).suffix.lower() in SUFFIXES]
        if not names:
            raise UserError(f"{self.name} has no pictures ({', '.join(sorted(SUFFIXES))})")
        entries = (Entry(Record(name), partial(self._files.read_picture, name)) for name in names)
        return Listing(entries, len(names))
