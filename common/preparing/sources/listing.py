"""What every source returns to `common.preparing.preparation`: for each picture a record and a function that reads it.

The main process lists the pictures; worker processes read them. So the functions must be picklable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from PIL import Image


def writable(text: str) -> str:
    """Replace lone surrogates, Python's stand-ins for bytes of file names that are not UTF-8: no file can hold them."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


@dataclass(frozen=True)
class Record:
    """A picture's name and its labels as the source spells them, made `writable`; a blank label means unlabelled."""

    name: str
    genre: str = ""
    style: str = ""
    artist: str = ""
    title: str = ""
    year: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, writable(getattr(self, field.name)))


@dataclass(frozen=True)
class Entry:
    """A record and the function that reads its picture."""

    record: Record
    read: Callable[[], Image.Image]
    """Returns the picture in RGB. Raises `pictures.Rejected` with the reason if it cannot be used."""


@dataclass(frozen=True)
class Listing:
    """The pictures of a source, in the source's order."""

    name: str
    """The source's name in dataset.json."""
    entries: Iterable[Entry]
    total: int | None
    """Number of pictures, if it is known in advance."""
    remarks: tuple[str, ...] = ()
    """What the source left out or could not match, for the summary."""


Source = Callable[[], Listing]
"""Lists all pictures of a source. Raises UserError if the source itself is broken."""
