"""A folder or zip of pictures of which nothing is known, such as another program's output."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath

from common.data.sources.files import Files
from common.data.sources.listing import Entry, Listing, Record
from common.errors import UserError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})


class UnlabelledPictures:
    """Every file whose suffix is a picture's, in whatever folder."""

    def __init__(self, files: Files) -> None:
        self.name = files.name
        self._files = files

    def listing(self) -> Listing:
        names = [name for name in self._files.names() if PurePosixPath(name).suffix.lower() in SUFFIXES]
        if not names:
            raise UserError(f"{self.name} holds no picture ({', '.join(sorted(SUFFIXES))})")
        entries = (Entry(Record(name), partial(self._files.read_picture, name)) for name in names)
        return Listing(entries, len(names))
