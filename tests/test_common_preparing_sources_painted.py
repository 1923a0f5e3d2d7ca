"""Paintings that the program makes, as a source."""

from __future__ import annotations

import itertools

import pytest

from common.errors import UserError
from common.preparing import procedural
from common.preparing.sources.painted import PaintedPictures


def test_paintings_are_equally_many_of_each_genre_and_style() -> None:
    cells = list(itertools.product(procedural.GENRES, procedural.STYLES))
    listing = PaintedPictures(2 * len(cells), seed=5).listing()
    records = [entry.record for entry in listing.entries]
    assert listing.total == len(records)
    assert sorted((record.genre, record.style) for record in records) == sorted(cells * 2)
    assert len({record.name for record in records}) == len(records)


def test_a_painting_is_a_function_of_the_seed_and_its_number() -> None:
    first, second = (list(PaintedPictures(3, seed).listing().entries) for seed in (5, 6))
    assert first[1].record.name == second[0].record.name == "6"
    picture = first[1].read()
    assert picture.size == (256, 256)
    assert picture.tobytes() == list(PaintedPictures(3, seed=5).listing().entries)[1].read().tobytes()
    assert picture.tobytes() != first[0].read().tobytes()


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (1, -1)])
def test_no_painting_and_a_negative_seed_are_refused(count: int, seed: int) -> None:
    with pytest.raises(UserError, match=f"--count {count} --seed {seed}: procedural needs a count of at least 1"):
        PaintedPictures(count, seed)
