"""One folder a class: what becomes of the folders' names."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from tiny_data import random_picture, zipped

from common.errors import UserError
from common.preparing.sources.class_folders import ClassFolders
from common.preparing.sources.files import FolderFiles, ZipFiles
from common.preparing.sources.listing import Record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Still Life/1.png", "Still Life/more/2.png", "portrait/1.png", "readme.txt"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        random_picture(0, 16, 12).save(path, format="PNG")
    return tmp_path / "pictures"


def test_the_outermost_folder_is_the_label(folder: Path) -> None:
    for files in (FolderFiles(folder), ZipFiles(zipped(folder))):
        listing = ClassFolders(files, "genre").listing()
        assert [entry.record for entry in listing.entries] == [
            Record("Still Life/1.png", genre="Still Life"),
            Record("Still Life/more/2.png", genre="Still Life"),
            Record("portrait/1.png", genre="portrait"),
        ]
        assert listing.total == 3
        assert listing.remarks == ("1 files outside the class folders left out",)


def test_folders_may_be_styles(folder: Path) -> None:
    entries = list(ClassFolders(FolderFiles(folder), "style").listing().entries)
    assert {(entry.record.genre, entry.record.style) for entry in entries} == {("", "Still Life"), ("", "portrait")}
    assert entries[0].read().size == (16, 12)


def test_a_source_without_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(UserError, match="has no folders with files in them; --folders needs one folder for each genre"):
        ClassFolders(FolderFiles(tmp_path), "genre").listing()


def test_a_zip_of_one_class_is_labelled_by_the_folder_that_holds_it_all(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.writestr("portrait/1.png", b"")
        archive.writestr("portrait/2.png", b"")
    entries = ClassFolders(ZipFiles(tmp_path / "one.zip"), "genre").listing().entries
    assert [entry.record for entry in entries] == [Record("1.png", genre="portrait"), Record("2.png", genre="portrait")]
