"""One folder for each class: the name of the top-level folder is the genre (or style) of every picture in it.

If a zip has a single top-level folder, the folders inside it are the classes; if it holds pictures and no folders,
it is the only class.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from common.errors import UserError
from common.preparing.sources.files import Files
from common.preparing.sources.listing import Entry, Listing, Record

Kind = Literal["genre", "style"]


class ClassFolders:
    """Pictures labelled by the name of their folder."""

    def __init__(self, files: Files, kind: Kind) -> None:
        self.name = files.name
        self._files = files
        self._kind = kind

    def listing(self) -> Listing:
        names = list(self._files.names())
        labels = {name: name.partition("/")[0] for name in names if "/" in name}
        if not labels and self._files.top:
            labels = dict.fromkeys(names, self._files.top)
        if not labels:
            raise UserError(
                f"{self.name} has no folders with files in them; --folders needs one folder for each {self._kind}"
            )
        entries = (
            Entry(Record(name, **{self._kind: label}), partial(self._files.read_picture, name))
            for name, label in labels.items()
        )
        loose = len(names) - len(labels)
        remarks = (f"{loose} files outside the class folders left out",) if loose else ()
        return Listing(entries, len(labels), remarks)
