"""Rows of text on disk."""

from __future__ import annotations

import multiprocessing
import sys

import pytest

from common.preparing.packed import Packed

ROWS = [["a.png", "", "портрет"], [], ["two\nlines", "\udcff is no UTF-8", '"', "\0"]]


def test_rows_come_back_as_they_were_in_their_order() -> None:
    packed = Packed(ROWS)
    assert (len(packed), [*packed]) == (3, ROWS)
    assert [packed[place] for place in (2, 0, 1)] == [ROWS[2], ROWS[0], ROWS[1]]


def test_rows_may_be_added_while_others_are_read() -> None:
    packed = Packed()
    for number in range(100):
        packed.append([str(number)])
        assert packed[number // 2] == [str(number // 2)]
    assert [*packed] == [[str(number)] for number in range(100)]


@pytest.mark.parametrize("place", [-1, 3])
def test_there_are_no_rows_before_the_first_and_after_the_last(place: int) -> None:
    with pytest.raises(IndexError):
        Packed(ROWS)[place]


def _drop(some: list[Packed]) -> None:
    some.clear()


def test_a_process_that_drops_its_copy_leaves_ours_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", failures.append)
    some = [Packed(ROWS)]
    assert some[0][0] == ROWS[0]
    process = multiprocessing.get_context("fork").Process(target=_drop, args=(some,))
    process.start()
    process.join()
    some.clear()
    assert (process.exitcode, failures) == (0, [])
