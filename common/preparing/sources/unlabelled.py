"""A folder or zip of pictures without labels, such as the output of another program."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath

from common.errors import UserError
from common.preparing.sources.files import Files
from common.preparing.sources.listing import Entry, Listing, Record

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})


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
