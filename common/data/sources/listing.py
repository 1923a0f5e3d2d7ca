"""What every source hands to `common.data.preparation`: records with raw labels, and how each picture is read.

A source lists its pictures in one process; the others read them. So what reads a picture is a function of values
that travel: a path, some bytes, a seed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Protocol, runtime_checkable

from PIL import Image


@dataclass(frozen=True)
class Record:
    """One picture of a source with its labels as the source spells them; blanks are unlabelled.

    Its texts are `writable`.
    """

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
    """A record and its picture, yet to be read."""

    record: Record
    read: Callable[[], Image.Image]
    """The picture in RGB. Raises `pictures.Rejected` with the reason where it cannot be used."""


@dataclass(frozen=True)
class Listing:
    """The pictures of a source, in its order."""

    entries: Iterable[Entry]
    total: int | None
    """How many there are, where that is known beforehand."""
    remarks: tuple[str, ...] = ()
    """What a person should know of how the labels came about."""


@runtime_checkable
class Source(Protocol):
    """Where pictures come from."""

    name: str
    """What dataset.json calls the source."""

    def listing(self) -> Listing:
        """All pictures that the source holds. Raises UserError where the source itself is at fault."""
        ...


def writable(text: str) -> str:
    """The text with � for bytes of file names that are not UTF-8.

    Python keeps them as lone surrogates, which no table could hold.
    """
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
