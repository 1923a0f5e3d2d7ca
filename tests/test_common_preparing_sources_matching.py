"""Names in tables from other machines, and the files that they mean."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from common.preparing.sources.files import Files
from common.preparing.sources.matching import find_files


def found(folder: Path, there: list[str], asked: list[str]) -> tuple[list[str], tuple[str, ...]]:
    for name in there:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return find_files(asked, Files(folder))


@pytest.mark.parametrize(
    ("there", "asked", "how"),
    [
        ("a/b.png", "a/b.png", ""),
        ("a/b.png", "./a/b.png", ""),
        ("a/b.png", "a\\b.png", ""),
        (unicodedata.normalize("NFD", "é.png"), "é.png", "another form of their Unicode letters"),
        ("a/IMG_1.JPG", "a/img_1.jpg", "their names without regard to case"),
        ("a/b.png", "a/b", "their names without an ending"),
        ("a/b.png", "C:\\Users\\me\\a\\b.png", "the end of their paths"),
        ("b.png", "/home/me/pictures/b.png", "the end of their paths"),
        ("images/b.png", "/home/me/pictures/B.PNG", "the end of their paths"),
        ("images/b.png", "b.png", "the end of their paths"),
        ("2019/IMG_1.jpg", "img_1", "the end of their paths, without an ending"),
        ("my é.png", "my%20%C3%A9.png", "their names as web addresses write them"),
        ("b.png", "https://example.org/art/b.png?size=2", "the end of their paths"),
        ("b.png ", "b.png", "their names without regard to case"),
    ],
)
def test_a_name_finds_its_file_and_the_summary_says_how(tmp_path: Path, there: str, asked: str, how: str) -> None:
    files, remarks = found(tmp_path, [there], [asked])
    assert files == [there]
    assert remarks == ((f"1 pictures were found by {how}: {there}",) if how else ())


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        (["A.png", "a.PNG"], ["a.png"]),
        (["x/1.png", "y/1.png"], ["1.png"]),
        (["x/1.png", "y/1.png"], ["C:\\z\\1.png"]),
        (["monet/1.png"], ["manet/1.png"]),
        (["1.png"], ["C:\\x\\1.png", "C:\\y\\1.png"]),
        (["1.png"], ["2.png", ""]),
    ],
    ids=["two in case", "two of the name", "two at the end", "another folder", "two names for one", "none"],
)
def test_a_name_that_may_mean_another_file_finds_none(tmp_path: Path, there: list[str], asked: list[str]) -> None:
    assert found(tmp_path, there, asked) == ([""] * len(asked), ())


def test_of_files_with_one_name_the_one_whose_path_ends_alike_is_found(tmp_path: Path) -> None:
    files, _ = found(tmp_path, ["x/1.png", "y/1.png"], ["D:/data/y/1.png", "D:/data/x/1.png"])
    assert files == ["y/1.png", "x/1.png"]


def test_a_blank_name_does_not_find_the_folder_itself(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "1.png").touch()
    assert find_files(["", "1.png"], Files(tmp_path), folder="train/") == (["", "train/1.png"], ())
