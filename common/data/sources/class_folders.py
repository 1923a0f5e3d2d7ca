"""One folder a class: the name of the outermost folder is the genre, or the style, of every picture in it."""

from __future__ import annotations

from functools import partial
from typing import Literal

from common.data.sources.files import Files
from common.data.sources.listing import Entry, Listing, Record
from common.errors import UserError

Kind = Literal["genre", "style"]


class ClassFolders:
    """Pictures labelled by the folder that they lie in."""

    def __init__(self, files: Files, kind: Kind) -> None:
        self.name = files.name
        self._files = files
        self._kind = kind

    def listing(self) -> Listing:
        names = list(self._files.names())
        inside = [name for name in names if "/" in name]
        if not inside:
            raise UserError(f"{self.name} holds no folder with files; --folders needs one folder a {self._kind}")
        entries = (Entry(self._record(name), partial(self._files.read_picture, name)) for name in inside)
        loose = len(names) - len(inside)
        remarks = (f"{loose} files beside the folders left out",) if loose else ()
        return Listing(entries, len(inside), remarks)

    def _record(self, name: str) -> Record:
        label = name.partition("/")[0]
        return Record(name, genre=label) if self._kind == "genre" else Record(name, style=label)
