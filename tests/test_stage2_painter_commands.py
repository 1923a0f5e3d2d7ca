"""Many requests to many files: resumed, divided, and refused before the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import UserError
from common.picture_files import SUFFIXES
from stage2 import Painter, Request
from stage2.painter import commands
from stage2.painter.outputs import Output
from stage2.painter.requests import Series

ROWS = [Series.of(Request(genre="portrait", seed=3, resolution=64), 4), Series.of(Request(style="cubism"), 2)]
NAMES = {f"portrait_any_{seed}_64px.png" for seed in range(3, 7)} | {f"any_cubism_{seed}.png" for seed in (0, 1)}


@pytest.fixture(scope="module")
def painter(stage2_run: Path) -> Painter:
    return Painter.load(stage2_run)


def output(folder: Path, **settings: bool) -> Output:
    return Output.of(str(folder), None, SUFFIXES, **settings)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_pictures_that_exist_are_skipped_and_the_rest_is_painted(
    painter: Painter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.paint(painter, ROWS, output(tmp_path))
    assert names(tmp_path) == NAMES
    assert capsys.readouterr().err == ""
    lost = tmp_path / "portrait_any_5_64px.png"
    length = lost.stat().st_size
    lost.unlink()
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    commands.paint(painter, ROWS, output(tmp_path))
    printed = capsys.readouterr()
    assert printed.out == f"{lost}\n"
    assert printed.err == "skipped because they exist: 5 (replace them with --overwrite)\n"
    assert lost.stat().st_size == pytest.approx(length, rel=0.01)
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    commands.paint(painter, ROWS, output(tmp_path, overwrite=True))
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_another_picture_in_the_way_is_named_before_anything_is_painted(painter: Painter, tmp_path: Path) -> None:
    painter.paint("marina")[0].save(tmp_path / "any_cubism_1.png")
    with pytest.raises(UserError, match=r"any_cubism_1\.png exists and is another picture; .*--overwrite"):
        commands.paint(painter, ROWS, output(tmp_path))
    assert names(tmp_path) == {"any_cubism_1.png"}


def test_a_picture_that_appears_while_others_are_painted_is_kept(
    painter: Painter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint = painter.paint_resolved

    def meanwhile(requests):  # type: ignore[no-untyped-def]
        (tmp_path / "any_cubism_1.png").write_bytes(b"theirs")
        return paint(requests)

    monkeypatch.setattr(painter, "paint_resolved", meanwhile)
    with pytest.raises(UserError, match=r"any_cubism_1\.png exists and is another picture"):
        commands.paint(painter, ROWS, output(tmp_path))
    assert (tmp_path / "any_cubism_1.png").read_bytes() == b"theirs"


def test_one_request_in_two_spellings_is_one_picture(
    painter: Painter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("portrait:0.7,marina:0.3", "Portrait:0.70, marina:.3", "any")
    series = [Series.of(Request(genre=genre)) for genre in asked]
    commands.paint(painter, series, output(tmp_path))
    assert names(tmp_path) == {"portrait-0.7-marina-0.3_any_0.png", "any_any_0.png"}
    commands.paint(painter, series, output(tmp_path))
    assert "skipped because they exist: 3" in capsys.readouterr().err


def test_processes_paint_each_picture_exactly_once(
    painter: Painter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    for rank in range(4):
        monkeypatch.setenv("RANK", str(rank))
        commands.paint(painter, ROWS, output(tmp_path))
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(str(tmp_path / name) for name in NAMES)


def test_folders_by_label(painter: Painter, tmp_path: Path) -> None:
    commands.paint(painter, ROWS, output(tmp_path, by_label=True))
    folders = {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*.png")}
    assert folders == {("portrait", "any"), ("any", "cubism")}


def test_labels_are_looked_up_once_for_a_series(
    painter: Painter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = []
    resolve = painter.resolve
    monkeypatch.setattr(painter, "resolve", lambda request: looked_up.append(request) or resolve(request))
    commands.paint(painter, [Series(Request(resolution=64), (range(3), range(8, 20)))], output(tmp_path))
    assert (len(looked_up), len(names(tmp_path))) == (1, 15)


@pytest.mark.parametrize("sheet", [None, "grid"])
@pytest.mark.parametrize(
    ("series", "message"),
    [
        ([ROWS[0], Series.of(Request(genre="portrat"), line="a.csv line 3")], "^a.csv line 3: .* mean 'portrait'"),
        ([Series.of(Request(), 0, "a.csv line 2")], "^a.csv line 2: count 0 paints nothing"),
        ([], "at least one request"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_painted(
    painter: Painter, tmp_path: Path, series: list[Series], message: str, sheet: str | None
) -> None:
    with pytest.raises(UserError, match=message):
        commands.paint(painter, series, output(tmp_path / "new"), sheet)
    assert not (tmp_path / "new").exists()
