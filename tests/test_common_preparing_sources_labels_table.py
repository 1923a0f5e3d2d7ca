"""What a labels.csv may look like, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_data import random_picture, write_collection, zipped

from common.errors import UserError
from common.preparing.sources.files import FolderFiles, ZipFiles
from common.preparing.sources.labels_table import LabelsTable
from common.preparing.sources.listing import Record

HEADER = "file,genre,style,artist,title,year\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture = {"a.png": random_picture(0, 16, 12)}
    return write_collection(tmp_path / "pictures", picture, {"a.png": ("portrait", "cubism")})


def both(folder: Path) -> tuple[LabelsTable, LabelsTable]:
    return LabelsTable(FolderFiles(folder)), LabelsTable(ZipFiles(zipped(folder)))


def test_a_record_holds_the_labels_as_they_are_spelled_and_its_picture_reads(folder: Path) -> None:
    for source in both(folder):
        listing = source.listing()
        (entry,) = listing.entries
        assert listing.total == 1
        assert entry.record == Record("a.png", "portrait", "cubism", "A. Painter", "Title of a.png", "1901")
        assert np.array_equal(np.asarray(entry.read()), np.asarray(random_picture(0, 16, 12)))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            b"Picture;genre\na.png;portrait\n",
            "has no column file, which names the pictures; its header is 'Picture;genre'",
        ),
        (b"", "has no column file, which names the pictures; its header is ''"),
        (b"file,Genre,genre\na.png,,\n", "has two columns genre; rename one"),
        (HEADER.encode(), "lists no pictures"),
        (HEADER.encode() + b"a.png,portr\xe4t,,,,\n", "is not UTF-8; save it as UTF-8"),
        (HEADER.encode() + b"b.png,,,,,\nc.png,,,,,\n", "names 'b.png' and 1 more, not found; add the files or remove"),
        (HEADER.encode() + b"x" * 300 + b",,,,,\n", "not found"),
        (HEADER.encode() + b"a.png,,,,,\n ,portrait,,,,\n", "line 3: the column file is blank"),
        (b"genre,file\nportrait\n", "line 2: the column file is blank"),
        (
            HEADER.encode() + b"a.png,,,A. Painter, the elder,,1901\n",
            "line 2: 7 fields for 6 columns; put text with a comma in",
        ),
        (
            HEADER.encode() + b"a.png,,,Painter, A.,,\n",
            "line 2: 7 fields for 6 columns; put text with a comma in quotes",
        ),
        (b"file;title\n\na.png;a;b\n", "line 3: 3 fields for 2 columns; put text with a semicolon in quotes"),
        (HEADER.encode() + b'a.png,"portrait"x,,,,\n', "line 2: "),
    ],
    ids=[
        "columns",
        "empty",
        "twice",
        "no rows",
        "latin-1",
        "absent",
        "name too long",
        "blank file",
        "short row",
        "long row",
        "long row of blanks",
        "long row of semicolons",
        "no CSV",
    ],
)
def test_a_table_at_fault_is_refused_in_one_line_with_its_place(folder: Path, table: bytes, message: str) -> None:
    (folder / "labels.csv").write_bytes(table)
    for source in both(folder):
        with pytest.raises(UserError) as caught:
            source.listing()
        assert "labels.csv" in str(caught.value)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_source_without_a_table_is_refused_with_its_columns(folder: Path) -> None:
    (folder / "labels.csv").unlink()
    for source in both(folder):
        with pytest.raises(
            UserError, match=r"has no labels\.csv at its top level; add one with the columns file,genre"
        ):
            source.listing()


def test_a_table_may_have_a_byte_order_mark_spaces_more_columns_and_short_rows(folder: Path) -> None:
    table = "\ufefffile,genre,style,artist,title,year,owner\r\na.png, portrait ,,,,,me\r\na.png\r\n"
    (folder / "labels.csv").write_bytes(table.encode())
    records = [entry.record for entry in LabelsTable(FolderFiles(folder)).listing().entries]
    assert records == [Record("a.png", "portrait"), Record("a.png")]


@pytest.mark.parametrize(
    "table",
    [
        "file,genre\na.png,portrait\n",
        " File , GENRE\na.png,portrait\n",
        "\ufefffile;Genre\r\na.png;portrait\r\n",
        "Genre\tFile\nportrait\ta.png\n",
        'GENRE;"File";"in cm, framed, or not"\nportrait;a.png;"30; 40"\n',
    ],
    ids=["two columns", "other case", "semicolons", "tabs", "commas in a header of semicolons"],
)
def test_a_table_needs_the_column_file_alone_and_is_read_as_spreadsheets_write_it(folder: Path, table: str) -> None:
    (folder / "labels.csv").write_bytes(table.encode())
    for source in both(folder):
        assert [entry.record for entry in source.listing().entries] == [Record("a.png", "portrait")]


def test_a_table_of_names_alone_is_one(folder: Path) -> None:
    (folder / "labels.csv").write_text("file\na.png\n")
    assert [entry.record for entry in LabelsTable(FolderFiles(folder)).listing().entries] == [Record("a.png")]


def test_a_name_with_backslashes_is_found_by_slashes_unless_it_is_there_as_it_stands(folder: Path) -> None:
    (folder / "inner").mkdir()
    for number, name in enumerate(("inner/a.png", "inner/b.png", "inner\\b.png"), start=1):
        random_picture(number, 16, 12).save(folder / name)
    (folder / "labels.csv").write_text("file\ninner\\a.png\ninner\\b.png\n")
    for source in both(folder):
        entries = list(source.listing().entries)
        assert [entry.record.name for entry in entries] == ["inner/a.png", "inner\\b.png"]
        for entry, number in zip(entries, (1, 3), strict=True):
            assert np.array_equal(np.asarray(entry.read()), np.asarray(random_picture(number, 16, 12)))
