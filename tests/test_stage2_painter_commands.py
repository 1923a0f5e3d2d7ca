"""Many requests to many files, resumed, divided, and refused before the work; and what `--out` means."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import UserError
from common.picture_files import SUFFIXES
from stage2 import Painter, Request
from stage2.painter import commands
from stage2.painter.commands import Output
from stage2.painter.requests import Series

ROWS = [Series.of(Request(genre="portrait", seed=3, resolution=64), 4), Series.of(Request(style="cubism"), 2)]
NAMES = {f"portrait_any_{seed}_64px.png" for seed in range(3, 7)} | {f"any_cubism_{seed}.png" for seed in (0, 1)}


@pytest.fixture(scope="module")
def painter(stage2_run: Path) -> Painter:
    return Painter.load(stage2_run)


def output(out: str | Path, format: str | None = None, **settings: bool) -> Output:
    return Output(str(out), format, SUFFIXES, **settings)


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
        commands.paint(painter, ROWS, output(tmp_path, by_label=True))
    paths = [tmp_path / "/".join(name.split("_")[:2]) / name for name in NAMES]
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(map(str, paths))


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
        ([], "at least one request"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_painted(
    painter: Painter, tmp_path: Path, series: list[Series], message: str, sheet: str | None
) -> None:
    with pytest.raises(UserError, match=message):
        commands.paint(painter, series, output(tmp_path / "new"), sheet)
    assert not (tmp_path / "new").exists()


def test_a_suffix_makes_a_file_and_its_format_and_all_else_a_folder(tmp_path: Path) -> None:
    assert (output("a.webp").format, output("a.webp").is_one_file) == ("webp", True)
    assert (output("a.JPEG").format, output("v1.5").format, output("v1.5").is_one_file) == ("jpeg", "png", False)
    with pytest.raises(UserError, match=r"--out a\.png does not match --format webp"):
        output("a.png", "webp")
    for one_file in ("a.png", "-"):
        with pytest.raises(UserError, match="is one file, but there are 2 pictures"):
            output(one_file).write(["x", "y"], list)


@pytest.mark.parametrize("name", ["a.gif", "a.MP4", "a.pdf"])
def test_a_name_of_another_kind_of_file_makes_no_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such file can be written here; give a folder or a file ending in \.png, "):
        output(tmp_path / name)
    (tmp_path / name).mkdir()
    assert not output(tmp_path / name).is_one_file


def test_what_stands_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "y.png").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"y\.png exists; .*--overwrite"):
        output(tmp_path).write(["x", "y"], lambda: [b"1", b"2"])
    assert names(tmp_path) == {"y.png"}
    output(tmp_path, overwrite=True).write(["x", "y"], lambda: [b"1", b"2"])
    assert [(tmp_path / name).read_bytes() for name in ("x.png", "y.png")] == [b"1", b"2"]


def test_the_standard_output_gets_the_bytes_alone(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    output("-").write([""], lambda: [b"\x89bytes\n\x00"])
    assert capfdbinary.readouterr().out == b"\x89bytes\n\x00"
    output(tmp_path).write(["a"], lambda: [b"content"])
    assert capfdbinary.readouterr().out == f"{tmp_path / 'a.png'}\n".encode()
