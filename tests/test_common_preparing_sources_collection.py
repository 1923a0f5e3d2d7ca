"""A collection of one's own: labels in a table, in folder names or nowhere, and what is wrong with a table."""

from __future__ import annotations

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
        (HEADER.encode() + b"a.png,portr\xe4t,,,,\n", "cannot be read as UTF-8 ("),
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
