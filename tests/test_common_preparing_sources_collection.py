"""A collection of one's own: labels in a table, in folder names or nowhere, and what is wrong with a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_data import random_picture, write_collection, zipped

from common.errors import UserError
from common.preparing.sources.archives import open_files
from common.preparing.sources.collection import labels_table, pictures_of
from common.preparing.sources.files import Files, Listing, Record
from common.preparing.sources.layouts import class_folders

HEADER = "file,genre,style,artist,title,year\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture = {"a.png": random_picture(0, 16, 12)}
    return write_collection(tmp_path / "pictures", picture, {"a.png": ("portrait", "cubism")})


@pytest.fixture(params=["folder", "zip"])
def opened(request: pytest.FixtureRequest) -> Callable[[Path], Files]:
    """Opens a folder, or a zip of it."""
    return lambda folder: open_files(folder if request.param == "folder" else zipped(folder))


def records(listing: Listing) -> list[Record]:
    return [entry.record for entry in listing.entries]


def test_a_record_holds_the_labels_as_they_are_spelled_and_its_picture_reads(
    folder: Path, opened: Callable[[Path], Files]
) -> None:
    listing = labels_table(opened(folder))
    (entry,) = listing.entries
    assert listing.total == 1
    assert entry.record == Record("a.png", "portrait", "cubism", "A. Painter", "Title of a.png", "1901")
    assert np.array_equal(np.asarray(entry.read()), np.asarray(random_picture(0, 16, 12)))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"Bild;genre\na.png;b\n", "has no column file, which names the pictures; its header is 'Bild;genre'"),
        (b"", "has no column file, which names the pictures; its header is ''"),
        (b"file,Genre,genre\na.png,,\n", "has two columns genre; rename one"),
        (HEADER.encode(), "lists no pictures"),
        (HEADER.encode() + b"a.png,\x8f\xd1\x91\x9c,,,,\n", "cannot be read as UTF-8 ("),
        (HEADER.encode() + b"b.png,,,,,\nc.png,,,,,\n", "names 'b.png' and 1 more, not found; add the files or remove"),
        (HEADER.encode() + b"x" * 300 + b",,,,,\n", "not found"),
        (HEADER.encode() + b"a.png,,,Painter, A.,,1\n", "line 2: 7 fields for 6 columns; put text with a comma in"),
        (b"file;title\n\na.png;a;b\n", "line 3: 3 fields for 2 columns; put text with a semicolon in quotes"),
        (HEADER.encode() + b'a.png,"portrait"x,,,,\n', "line 2: "),
        (None, "has no labels.csv at its top level; add one with the columns file,genre"),
    ],
)
def test_a_table_at_fault_is_refused_in_one_line_with_its_place(
    folder: Path, opened: Callable[[Path], Files], table: bytes | None, message: str
) -> None:
    (folder / "labels.csv").unlink()
    if table is not None:
        (folder / "labels.csv").write_bytes(table)
    with pytest.raises(UserError) as caught:
        labels_table(opened(folder))
    assert "labels.csv" in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "table",
    [
        "file,genre\na.png,portrait\n",
        "\ufefffile,genre,style,owner\r\na.png, portrait ,,me\r\n\r\n",
        " File , GENRE\na.png,portrait\n",
        "file;Genre\r\na.png;portrait\r\n",
        "Genre\tFile\nportrait\ta.png\n",
        'GENRE;"File";"in cm, framed, or not"\nportrait;a.png;"30; 40"\n',
        "file,genre,style\na.png,portrait\n",
    ],
    ids=["two columns", "mark, spaces, more columns", "other case", "semicolons", "tabs", "commas in it", "short row"],
)
def test_a_table_needs_the_column_file_alone_and_is_read_as_spreadsheets_write_it(
    folder: Path, opened: Callable[[Path], Files], table: str
) -> None:
    (folder / "labels.csv").write_bytes(table.encode())
    assert records(labels_table(opened(folder))) == [Record("a.png", "portrait")]


@pytest.mark.parametrize(
    ("text", "encoding"), [("Porträt", "cp1252"), ("Größe", "cp1252"), ("пейзаж", "cp1251"), ("風景", "shift_jis")]
)
def test_a_table_of_a_western_spreadsheet_is_read_and_said_but_no_other_script_is_taken_for_one(
    folder: Path, opened: Callable[[Path], Files], text: str, encoding: str
) -> None:
    (folder / "labels.csv").write_bytes(f"file;genre\na.png;{text}\n".encode(encoding))
    if encoding != "cp1252":
        with pytest.raises(UserError, match=r"cannot be read as UTF-8 .*; save it as UTF-8"):
            labels_table(opened(folder))
        return
    listing = labels_table(opened(folder))
    assert records(listing) == [Record("a.png", text)]
    assert listing.remarks == (f"labels.csv is not in UTF-8 and was read as Windows-1252: {text}",)


def test_splits_of_a_table_are_kept_and_said_and_unknown_ones_counted(tmp_path: Path) -> None:
    classes(tmp_path, "a.png", "b.png", "c.png")
    (tmp_path / "labels.csv").write_text("file,genre,Set\na.png,nude,Training\nb.png,nude,test set\nc.png,nude,2\n")
    listing = labels_table(Files(tmp_path))
    assert [record.split for record in records(listing)] == ["train", "test", ""]
    assert listing.remarks == (
        "the splits test, train come from labels.csv and are kept as such",
        "1 rows name a split that is not known, and are divided anew: 2",
    )


def test_a_table_without_labels_is_said(tmp_path: Path) -> None:
    classes(tmp_path, "a.png")
    (tmp_path / "labels.csv").write_text("file,sujet\na.png,nude\n")
    assert labels_table(Files(tmp_path)).remarks == ("1 columns of labels.csv are not read: sujet",)


def test_cocos_tables_lie_in_a_folder_beside_the_pictures_one_for_each_split(tmp_path: Path) -> None:
    for number, split in enumerate(("train", "val")):
        classes(tmp_path, f"{split}2017/{number}.png", f"annotations/captions_{split}2017.json")
        coco = {
            "images": [{"id": 1, "file_name": f"{number}.png"}],
            "annotations": [{"image_id": 1, "category_id": 7}],
            "categories": [{"id": 7, "name": "nude"}],
        }
        (tmp_path / f"annotations/instances_{split}2017.json").write_text(json.dumps(coco))
    found = [(record.name, record.split, record.genre) for record in records(labels_table(Files(tmp_path)))]
    assert found == [("train2017/0.png", "train", "nude"), ("val2017/1.png", "validation", "nude")]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "labels.xlsx",
            "has no labels.csv at its top level; open labels.xlsx in its program and save it as labels.csv",
        ),
        ("nude/2.png", r"if its folders \(nude\) are classes, give --folders genre or --folders style"),
        ("train/nude/2.png", r"if its folders \(nude\) are classes, give --folders genre or --folders style"),
    ],
)
def test_without_a_table_the_line_names_the_way_out(tmp_path: Path, name: str, message: str) -> None:
    classes(tmp_path, "1.png", name)
    with pytest.raises(UserError, match=message):
        labels_table(Files(tmp_path))


def test_archives_inside_an_archive_are_named_where_it_has_no_pictures(tmp_path: Path) -> None:
    classes(tmp_path / "all", "inner.rar", "readme.txt")
    for read in (labels_table, lambda files: class_folders(files, "genre")):
        with pytest.raises(UserError, match=r"has no pictures; unpack inner\.rar"):
            read(open_files(zipped(tmp_path / "all")))


def test_a_name_with_backslashes_is_found_by_slashes_unless_it_is_there_as_it_stands(
    folder: Path, opened: Callable[[Path], Files]
) -> None:
    (folder / "inner").mkdir()
    for number, name in enumerate(("inner/a.png", "inner/b.png", "inner\\b.png"), start=1):
        random_picture(number, 16, 12).save(folder / name)
    (folder / "labels.csv").write_text("file\ninner\\a.png\ninner\\b.png\n")
    entries = list(labels_table(opened(folder)).entries)
    assert [entry.record.name for entry in entries] == ["inner/a.png", "inner\\b.png"]
    for entry, number in zip(entries, (1, 3), strict=True):
        assert np.array_equal(np.asarray(entry.read()), np.asarray(random_picture(number, 16, 12)))


def classes(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        random_picture(0, 16, 12).save(folder / name, format="PNG")
    return folder


def test_the_outermost_folder_is_the_label(tmp_path: Path, opened: Callable[[Path], Files]) -> None:
    names = ("Still Life/1.png", "Still Life/more/2.png", "portrait/1.png")
    files = opened(classes(tmp_path / "pictures", *names, "loose.png", "readme.txt"))
    listing = class_folders(files, "genre")
    labels = [name.partition("/")[0] for name in names]
    assert records(listing) == [Record(name, genre=label) for name, label in zip(names, labels, strict=True)]
    assert listing.total == 3
    assert listing.remarks == (
        "1 files that are no pictures left out: .txt (1)",
        "1 files outside the class folders left out: loose.png",
        "1 folders inside the class folders were not read as labels: more (--folders genre/style reads two levels)",
    )
    assert [record.style for record in records(class_folders(files, "style"))] == labels


def test_a_source_without_folders_is_refused_unless_a_zip_holds_a_single_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no folders with files in them; --folders needs one folder for each genre"):
        class_folders(Files(classes(tmp_path / "flat", "a.png")), "genre")
    one = zipped(classes(tmp_path / "one", "portrait/1.png", "portrait/2.png"))
    listing = class_folders(open_files(one), "genre")
    assert records(listing) == [Record("1.png", genre="portrait"), Record("2.png", genre="portrait")]


def test_without_labels_all_pictures_are_listed_and_other_files_are_not(
    tmp_path: Path, opened: Callable[[Path], Files]
) -> None:
    files = opened(classes(tmp_path / "pictures", "00001/seed1.PNG", "seed0.webp", "log.txt"))
    listing = pictures_of(files)
    assert set(records(listing)) == {Record("00001/seed1.PNG"), Record("seed0.webp")}
    assert [entry.read().size for entry in listing.entries] == [(16, 12)] * 2
    with pytest.raises(UserError, match=r"has no pictures \(\.bmp, \.jpeg"):
        pictures_of(opened(classes(tmp_path / "none", "log.txt")))


def collected(folder: Path, tables: dict[str, str], *names: str) -> Listing:
    classes(folder, *names)
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8")
    return labels_table(Files(folder))


@pytest.mark.parametrize(
    ("tables", "names"),
    [
        ({"Labels.CSV": "file,genre\na.png,nude\n"}, ["a.png"]),
        ({"metadata.csv": "file_name,genre\na.png,nude\n"}, ["a.png"]),
        ({"metadata.jsonl": '{"file_name": "a.png", "genre": "nude"}\n'}, ["a.png"]),
        ({"pictures.tsv": "image\tgenre\na.png\tnude\n", "info.json": '{"licence": "free"}'}, ["a.png"]),
        ({"train.csv": "file,genre\na.png,nude\n"}, ["a.png"]),
        ({"train/metadata.csv": "file_name,genre\na.png,nude\n"}, ["train/a.png"]),
        ({"a.json": '{"genre": "nude"}'}, ["a.png"]),
    ],
    ids=[
        "other case",
        "ImageFolder",
        "its lines",
        "the only table",
        "of a split",
        "in a folder",
        "beside each picture",
    ],
)
def test_a_table_is_found_by_looking(tmp_path: Path, tables: dict[str, str], names: list[str]) -> None:
    (record,) = records(collected(tmp_path, tables, *names))
    assert (record.name, record.genre) == (names[0], "nude")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_table_in_unicode_as_excel_writes_it_is_read(
    folder: Path, opened: Callable[[Path], Files], encoding: str
) -> None:
    (folder / "labels.csv").write_bytes("file\tgenre\r\na.png\tétude\r\n".encode(encoding))
    assert records(labels_table(opened(folder))) == [Record("a.png", "étude")]


def test_several_tables_are_refused_by_name_unless_each_is_of_a_split(tmp_path: Path) -> None:
    text = "file,label\n{}.png,nude\n"
    with pytest.raises(UserError, match=r"has several tables \(a\.csv, b\.csv\); name the one with the labels labels"):
        collected(tmp_path / "several", {"a.csv": text.format("a"), "b.csv": text.format("b")}, "a.png", "b.png")
    tables = {"train.csv": text.format("a"), "test_labels.csv": text.format("b")}
    listing = collected(tmp_path / "splits", tables, "images/a.png", "images/b.png")
    assert {(one.name, one.split, one.genre) for one in records(listing)} == {
        ("images/a.png", "train", "nude"),
        ("images/b.png", "test", "nude"),
    }


def test_a_split_may_stand_in_a_column_or_in_the_folders_that_a_table_names(tmp_path: Path) -> None:
    table = "file,genre,split\na.png,nude,Test\nb.png,nude,train\n"
    assert [one.split for one in records(collected(tmp_path / "a", {"labels.csv": table}, "a.png", "b.png"))] == [
        "test",
        "train",
    ]
    table = "file,genre\ntest/a.png,nude\ntrain/b.png,nude\n"
    listing = collected(tmp_path / "b", {"labels.csv": table}, "test/a.png", "train/b.png")
    assert [one.split for one in records(listing)] == ["test", "train"]


def test_pictures_without_a_row_rows_without_a_picture_and_rows_given_twice_are_counted(tmp_path: Path) -> None:
    rows = ["a.png,nude", "a.png,marina", "b.png,nude", "b.png,nude", "gone.png,nude", ",nude"]
    listing = collected(tmp_path, {"labels.csv": "\n".join(["file,genre", *rows])}, "a.png", "b.png", "c.png", "d.png")
    assert records(listing) == [Record("a.png", "nude|marina"), Record("b.png", "nude")]
    place = f"{tmp_path}/labels.csv"
    assert listing.remarks == (
        f"1 rows of {place} name no picture and were left out: line 7",
        "1 rows name pictures that are not there, or not only one: gone.png",
        f"2 pictures are in no row of {place} and were left out: c.png, d.png",
        "1 rows give a picture other labels than its first row, and it has them all: a.png",
        "1 rows stand twice: b.png",
    )
    with pytest.raises(UserError, match=r"names 'gone\.png', not found"):
        pictures_of(Files(tmp_path))


def test_numbered_classes_get_their_names_from_a_file_or_keep_their_numbers(tmp_path: Path) -> None:
    folder = classes(tmp_path / "pictures", "0/a.png", "0/b.png")
    (folder / "dataset.json").write_text('{"labels": [["0/a.png", 1], ["0/b.png", 0]]}')
    numbered = labels_table(Files(folder))
    assert [one.genre for one in records(numbered)] == ["1", "0"]
    assert "the classes of dataset.json are numbers; name them with --class-names FILE, a line each" in numbered.remarks
    (tmp_path / "names").write_text("marina\nnude\n")
    listing = labels_table(Files(folder), label="style", names=tmp_path / "names")
    assert [(one.genre, one.style) for one in records(listing)] == [("", "nude"), ("", "marina")]
    assert listing.remarks == ("the classes of dataset.json are read as styles (see --label)",)
    (tmp_path / "labels.csv").write_text("file,genre\n0/a.png,1\n0/b.png,0|1\n")
    named = labels_table(Files(folder), tmp_path / "labels.csv", names=tmp_path / "names")
    assert [one.genre for one in records(named)] == ["nude", "marina|nude"]
    (folder / "classes.txt").write_text("marina\n")
    with pytest.raises(UserError, match=r"dataset\.json has a class 1, and classes\.txt names 1: 0, 1, …; add it"):
        labels_table(Files(folder))


def test_without_a_table_the_line_names_the_option_that_reads_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"if its folders \(marina, nude\) are classes, give --folders genre or"):
        collected(tmp_path / "folders", {}, "nude/a.png", "marina/b.png")
    with pytest.raises(UserError, match="--hugging-face"):
        collected(tmp_path / "parquet", {"rows.parquet": ""}, "a.png")
