"""Pictures of which nothing is known: which files they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_data import random_picture, zipped

from common.errors import UserError
from common.preparing.sources.files import FolderFiles, ZipFiles
from common.preparing.sources.listing import Record
from common.preparing.sources.unlabelled import UnlabelledPictures


def test_pictures_in_any_folder_are_listed_and_other_files_are_not(tmp_path: Path) -> None:
    for name in ("pictures/00001/seed1.PNG", "pictures/seed0.webp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        random_picture(0, 16, 12).save(path)
    (tmp_path / "pictures" / "log.txt").touch()
    for files in (FolderFiles(tmp_path / "pictures"), ZipFiles(zipped(tmp_path / "pictures"))):
        listing = UnlabelledPictures(files).listing()
        entries = list(listing.entries)
        assert {entry.record for entry in entries} == {Record("00001/seed1.PNG"), Record("seed0.webp")}
        assert listing.total == 2
        assert entries[0].read().size == (16, 12)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.txt").touch()
    with pytest.raises(UserError, match=r"has no pictures \(\.bmp, \.jpeg"):
        UnlabelledPictures(FolderFiles(tmp_path)).listing()
