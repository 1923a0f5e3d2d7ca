"""Procedural paintings as a source, equally many of each genre and style."""

from __future__ import annotations

import itertools
from functools import partial

from common.errors import UserError
from common.preparing import procedural
from common.preparing.sources.listing import Entry, Listing, Record

SIZE = 256


class PaintedPictures:
    """`count` procedural paintings with the seeds `seed`, `seed + 1`, and so on."""

    def __init__(self, count: int, seed: int) -> None:
        """Raises UserError if `count` is below 1 or `seed` is negative."""
        if count < 1 or seed < 0:
            raise UserError(
                f"--count {count} --seed {seed}: procedural needs a count of at least 1 and a seed of at least 0"
            )
        self.name = f"procedural (seed {seed})"
        self._count = count
        self._seed = seed

    def listing(self) -> Listing:
        cells = itertools.cycle(itertools.product(procedural.GENRES, procedural.STYLES))
        entries = (
            _entry(genre, style, self._seed + number)
            for number, (genre, style) in enumerate(itertools.islice(cells, self._count))
        )
        return Listing(entries, self._count)


def _entry(genre: str, style: str, seed: int) -> Entry:
    record = Record(str(seed), genre, style, artist="procedural", title=f"no. {seed}")
    return Entry(record, partial(procedural.paint, genre, style, seed=seed, size=SIZE))
