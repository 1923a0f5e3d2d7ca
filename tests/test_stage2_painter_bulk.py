"""Many requests to many files: resumed, divided, and refused before the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import UserError
from stage2 import Painter, Request
from stage2.painter.bulk import Bulk, Destination
from stage2.painter.requests import Series

ROWS = [Series(Request(genre="portrait", seed=3, resolution=64), 4), Series(Request(style="cubism"), 2)]
NAMES = {f"portrait_any_{seed}_64px.png" for seed in range(3, 7)} | {f"any_cubism_{seed}.png" for seed in (0, 1)}


@pytest.fixture(scope="module")
def painter(stage2_run: Path) -> Painter:
    return Painter.load(stage2_run)


def test_what_stands_whole_is_passed_over_and_the_rest_is_painted(painter: Painter, tmp_path: Path) -> None:
    destination = Destination(tmp_path)
    first = Bulk(painter, ROWS, destination)
    assert {path.name for path in first.paint()} == NAMES
    assert (first.count, first.standing) == (6, 0)
    lost = tmp_path / "portrait_any_5_64px.png"
    content = lost.read_bytes()
    lost.unlink()
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    second = Bulk(painter, ROWS, destination)
    assert second.standing == 5
    assert list(second.paint()) == [lost]
    assert len(lost.read_bytes()) == pytest.approx(len(content), rel=0.01)
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    assert len(list(Bulk(painter, ROWS, Destination(tmp_path, overwrite=True)).paint())) == 6


def test_another_picture_in_the_way_is_named_before_anything_is_painted(painter: Painter, tmp_path: Path) -> None:
    (painting,) = painter.paint("marina")
    painting.save(tmp_path / "any_cubism_1.png")
    with pytest.raises(UserError, match=r"any_cubism_1\.png exists and is a different or .*--overwrite"):
        Bulk(painter, ROWS, Destination(tmp_path))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_picture_that_appears_while_others_are_painted_is_kept(painter: Painter, tmp_path: Path) -> None:
    bulk = Bulk(painter, ROWS, Destination(tmp_path))
    (tmp_path / "any_cubism_1.png").write_bytes(b"theirs")
    with pytest.raises(UserError, match=r"any_cubism_1\.png exists and is a different or"):
        list(bulk.paint())
    assert (tmp_path / "any_cubism_1.png").read_bytes() == b"theirs"


def test_one_request_in_two_spellings_is_one_picture(painter: Painter, tmp_path: Path) -> None:
    asked = ("portrait:0.7,marina:0.3", "Portrait:0.70, marina:.3", "any")
    series = [Series(Request(genre=genre)) for genre in asked]
    list(Bulk(painter, series, Destination(tmp_path)).paint())
    names = {"portrait-0.7-marina-0.3_any_0.png", "any_any_0.png"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert Bulk(painter, series, Destination(tmp_path)).standing == 3


def test_a_picture_that_was_cut_off_does_not_count_as_painted(painter: Painter, tmp_path: Path) -> None:
    (path, *_) = Bulk(painter, ROWS[1:], Destination(tmp_path)).paint()
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"a different or an incomplete picture; .*--overwrite"):
        Bulk(painter, ROWS[1:], Destination(tmp_path))


def test_processes_paint_each_picture_exactly_once(
    painter: Painter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[str] = []
    monkeypatch.setenv("WORLD_SIZE", "4")
    for rank in range(4):
        monkeypatch.setenv("RANK", str(rank))
        painted += [path.name for path in Bulk(painter, ROWS, Destination(tmp_path)).paint()]
    assert sorted(painted) == sorted(NAMES)


def test_folders_by_label(painter: Painter, tmp_path: Path) -> None:
    paths = set(Bulk(painter, ROWS, Destination(tmp_path, "webp", by_label=True)).paint())
    assert {path.relative_to(tmp_path).parts[:2] for path in paths} == {("portrait", "any"), ("any", "cubism")}
    assert {path.suffix for path in paths} == {".webp"}


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ([Series(Request(), 10**9)], "1000000000 pictures take about .* TB, but .*; ask for fewer"),
        ([ROWS[0], Series(Request(genre="portrat"))], "did you mean 'portrait'"),
        ([Series(Request(), 0)], "count 0 paints nothing"),
        ([], "at least one request"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_painted(
    painter: Painter, tmp_path: Path, series: list[Series], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        Bulk(painter, series, Destination(tmp_path / "new"))
    assert not (tmp_path / "new").exists()
