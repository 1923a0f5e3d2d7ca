"""What preparation holds of each picture in memory."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import numpy as np

from common.preparing.reading import Picture, Pictures
from common.preparing.sources.files import Files, Record


def picture(number: int) -> Picture:
    draw = np.random.default_rng(number)
    perceptual, colours = draw.integers(0, 256, (2, 32), np.uint8), draw.integers(-128, 128, (4, 4, 2), np.int8)
    record = Record(f"pictures/{number:06}.jpg", "portrait", "cubism", f"A. Painter {number % 50}", f"Title {number}")
    return Picture(record, draw.bytes(32).hex(), (number + 1, 2), perceptual, colours, ("odd",) if number % 3 else ())


def test_pictures_come_back_from_their_columns() -> None:
    pictures, expected = Pictures(), [picture(number) for number in range(7)]
    for one in expected:
        pictures.append(one)
    assert [pictures.record(place) for place in range(len(pictures))] == [one.record for one in expected]
    assert [pictures.digest(place) for place in range(7)] == [one.digest for one in expected]
    for name in ("size", "perceptual", "colours"):
        assert np.array_equal(pictures.column(name), [getattr(one, name) for one in expected])
    assert {remark: places.tolist() for remark, places in pictures.remarks.items()} == {"odd": [1, 2, 4, 5]}


def test_a_picture_that_is_listed_and_read_takes_less_than_200_bytes_of_memory() -> None:
    count = 3000
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        one = picture(0)
        listing = Files(Path()).listing((f"{number:06}.jpg", one.record) for number in range(count))
        pictures = Pictures()
        for number, _ in enumerate(listing.entries):
            pictures.append(picture(number))
        gc.collect()
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(pictures) == count
    # Two temporary files hold a buffer each.
    assert used - 2 * 2**17 < 200 * count
