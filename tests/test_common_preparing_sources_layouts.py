"""Splits and labels in the names of folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import UserError
from common.preparing.sources.files import Files, Listing
from common.preparing.sources.layouts import class_folders, folder_levels, split_of


def listed(folder: Path, kinds: str, *names: str) -> Listing:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return class_folders(Files(folder), kinds)


def labels(listing: Listing) -> list[tuple[str, str, str]]:
    records = [entry.record for entry in listing.entries]
    return [(record.split, record.genre, record.style) for record in records]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["test/nude/1.png", "train/nude/2.png"], [("test", "nude", ""), ("train", "nude", "")]),
        (["Training/nude/1.png", "VALID/nude/2.png"], [("train", "nude", ""), ("validation", "nude", "")]),
        (["art/test/nude/1.png", "art/train/nude/2.png"], [("test", "nude", ""), ("train", "nude", "")]),
        (["marina/train/1.png", "nude/test/2.png"], [("train", "marina", ""), ("test", "nude", "")]),
        (
            ["images/train2017/nude/1.png", "images/val2017/nude/2.png"],
            [("train", "nude", ""), ("validation", "nude", "")],
        ),
        (["Test Data/nude/1.png", "train_images/nude/2.png"], [("test", "nude", ""), ("train", "nude", "")]),
        (["nude/1.png", "train/2.png"], [("", "nude", ""), ("", "train", "")]),
    ],
    ids=[
        "outermost",
        "other names",
        "inside a single folder",
        "inside the classes",
        "COCO's",
        "with a word",
        "a class called so",
    ],
)
def test_known_names_of_splits_are_splits_and_the_classes_are_the_other_folders(
    tmp_path: Path, names: list[str], found: list[tuple[str, str, str]]
) -> None:
    listing = listed(tmp_path, "genre", *names)
    assert labels(listing) == found
    said = [remark for remark in listing.remarks if "read as splits, and kept as such" in remark]
    assert len(said) == any(split for split, _, _ in found)
    taken = ["a part of the training split" in remark for remark in said]
    assert taken == [all(split != "test" for split, _, _ in found)] * len(said)


def test_files_beside_splits_and_folders_are_left_out_and_counted(tmp_path: Path) -> None:
    listing = listed(tmp_path, "genre", "train/nude/1.png", "test/nude/2.png", "samples/3.png", "train/4.png", "5.png")
    assert sorted(labels(listing)) == [("test", "nude", ""), ("train", "nude", "")]
    assert "3 files outside the class folders left out: 5.png, samples/3.png, train/4.png" in listing.remarks


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        ("genre/style", ("", "marina", "cubism")),
        ("style/genre", ("", "marina", "cubism")),
        ("-/style", ("", "", "cubism")),
        ("style/-/genre", ("", "marina", "monet")),
    ],
)
def test_both_labels_may_stand_in_a_path_in_any_order(tmp_path: Path, kinds: str, found: tuple[str, str, str]) -> None:
    names = {"genre/style": "marina/cubism", "style/genre": "cubism/marina", "-/style": "marina/cubism"}
    listing = listed(tmp_path, kinds, f"{names.get(kinds, 'monet/x/marina')}/1.png")
    assert labels(listing) == [found]


def test_folders_that_are_not_read_and_pictures_in_too_few_are_counted(tmp_path: Path) -> None:
    listing = listed(tmp_path / "a", "style", "cubism/braque/1.png", "cubism/gris/2.png", "rococo/3.png")
    assert listing.remarks == (
        "2 folders inside the class folders were not read as labels: braque, gris "
        "(--folders genre/style reads two levels)",
    )
    listing = listed(tmp_path / "b", "style/genre", "cubism/nude/1.png", "rococo/2.png")
    assert labels(listing) == [("", "nude", "cubism"), ("", "", "rococo")]
    assert listing.remarks == ("1 pictures lie in fewer folders than --folders names: rococo/2.png",)


def test_a_folder_around_all_classes_is_no_label_if_its_name_says_nothing(tmp_path: Path) -> None:
    names = ("images/nude/1.png", "images/marina/2.png")
    assert labels(listed(tmp_path / "a", "genre", *names)) == [("", "marina", ""), ("", "nude", "")]
    remark = "the folder images, which holds all others, was not read as a label (--folders genre/- reads it)"
    assert class_folders(Files(tmp_path / "a"), "genre").remarks == (remark,)
    assert labels(class_folders(Files(tmp_path / "a"), "genre/-")) == [("", "images", "")] * 2
    assert (
        labels(listed(tmp_path / "b", "style", "cubism/braque/1.png", "cubism/gris/2.png")) == [("", "", "cubism")] * 2
    )
    assert labels(listed(tmp_path / "Art", "genre", "art/nude/1.png")) == [("", "nude", "")]


def test_splits_without_class_folders_are_refused_as_such(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the splits of .* have no folders with files in them; --folders needs"):
        listed(tmp_path, "genre", "train/1.png", "test/2.png")


@pytest.mark.parametrize("text", ["genres", "", "-", "genre/genre", "genre,style"])
def test_levels_that_are_none_are_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(UserError, match="give what the folders are, outermost first: genre, style, genre/style"):
        folder_levels(text)


def test_other_words_are_no_splits() -> None:
    assert [split_of(name) for name in ("Test", "dev", "trains", "testament", "")] == [
        "test",
        "validation",
        None,
        None,
        None,
    ]
