"""What --out, --format and --overwrite mean together."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import UserError
from common.picture_files import SUFFIXES
from stage2.painter.outputs import Output


def output(out: str | Path, format: str | None = None, *, overwrite: bool = False) -> Output:
    return Output.of(str(out), format, SUFFIXES, overwrite=overwrite)


def test_a_suffix_makes_a_file_and_its_format_and_all_else_a_folder(tmp_path: Path) -> None:
    assert (output("a.webp").format, output("a.webp").targets(["x"])) == ("webp", [Path("a.webp")])
    assert (output("a.JPEG").format, output("v1.5").format) == ("jpeg", "png")
    assert output(tmp_path, "webp").targets(["x", "y"]) == [tmp_path / "x.webp", tmp_path / "y.webp"]


@pytest.mark.parametrize("out", ["a.png", "-"])
def test_one_file_has_no_room_for_two(out: str) -> None:
    with pytest.raises(UserError, match="is one file, but there are 2 pictures"):
        output(out).targets(["x", "y"])


def test_formats_that_contradict_are_refused() -> None:
    with pytest.raises(UserError, match=r"--out a\.png does not match --format webp"):
        output("a.png", "webp")


@pytest.mark.parametrize("name", ["a.gif", "a.MP4", "a.bmp"])
def test_a_name_of_another_kind_of_file_makes_no_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"\.\w+: no such file can be written here; give a folder or a file ending in \.png, "
    ):
        output(tmp_path / name)
    (tmp_path / name).mkdir()
    assert output(tmp_path / name).folder == tmp_path / name


def test_what_stands_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "y.png").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"y\.png exists; .*--overwrite"):
        output(tmp_path).targets(["x", "y"])
    assert len(output(tmp_path, overwrite=True).targets(["x", "y"])) == 2
    with pytest.raises(UserError, match="not a folder"):
        output(tmp_path / "y.png" / "x.webp").targets(["x"])


def test_the_standard_output_gets_the_bytes_alone(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    output("-").write(Path("-"), b"\x89bytes\n\x00")
    assert capfdbinary.readouterr().out == b"\x89bytes\n\x00"
    output(tmp_path).write(tmp_path / "a.png", b"content")
    assert capfdbinary.readouterr().out == f"{tmp_path / 'a.png'}\n".encode()
    assert (tmp_path / "a.png").read_bytes() == b"content"
