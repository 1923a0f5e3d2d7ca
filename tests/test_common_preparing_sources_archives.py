"""Zips as Windows packs them, tars, and folders of shards."""

from __future__ import annotations

import io
import pickle
import tarfile
import warnings
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tiny_data import random_picture

from common.errors import UserError
from common.preparing.pictures import Rejected
from common.preparing.sources.archives import open_files
from common.preparing.sources.layouts import class_folders


def png(seed: int) -> bytes:
    file = io.BytesIO()
    random_picture(seed, 16, 12).save(file, "PNG")
    return file.getvalue()


def tarred(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def zipped_files(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


PICTURES = {f"wikiart/{('portrait', 'nude')[number % 2]}/{number}.png": png(number) for number in range(8)}


@pytest.mark.parametrize(("ending", "mode"), [("tar", "w"), ("tar.gz", "w:gz"), ("tgz", "w:gz"), ("tar.xz", "w:xz")])
def test_a_tar_is_read_like_a_zip_without_unpacking_it_and_from_several_processes(
    tmp_path: Path, ending: str, mode: str
) -> None:
    hidden = {"wikiart/._1.png": b"", "__MACOSX/x": b""}
    files = open_files(tarred(tmp_path / f"pictures.{ending}", PICTURES | hidden, mode))
    assert list(files.names()) == [name.removeprefix("wikiart/") for name in PICTURES]
    listing = class_folders(files, "genre")
    assert [entry.record.genre for entry in listing.entries] == ["portrait", "nude"] * 4
    assert listing.remarks == ("2 hidden or system files and folders left out: ._1.png, __MACOSX/x",)
    reads = [entry.read for entry in listing.entries]
    assert len(pickle.dumps(reads[0])) < 1000
    with ProcessPoolExecutor(2) as pool:
        pictures = [job.result() for job in [pool.submit(read) for read in reads * 2]]
    for number, picture in enumerate(pictures):
        assert np.array_equal(np.asarray(picture), np.asarray(random_picture(number % 8, 16, 12)))
    assert [path.name for path in tmp_path.iterdir()] == [f"pictures.{ending}"]


def test_a_tar_that_points_outside_or_is_cut_off_is_refused(tmp_path: Path) -> None:
    files = open_files(tarred(tmp_path / "out.tar", {"../a.png": png(0), "b.png": png(1)}))
    with pytest.raises(Rejected, match="points outside the tar"):
        class_folders(files, "genre").entries.__iter__().__next__().read()
    whole = tarred(tmp_path / "whole.tar.gz", PICTURES, "w:gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cut\.tar\.gz cannot be opened .*; create the archive again"):
        open_files(tmp_path / "cut.tar.gz")


def test_backslashes_in_a_zip_are_folders(tmp_path: Path) -> None:
    files = {f"My pictures\\portrait\\{number}.png": png(number) for number in range(2)}
    opened = open_files(zipped_files(tmp_path / "windows.zip", {"My pictures\\": b"", **files}))
    listing = class_folders(opened, "genre")
    assert [(entry.record.genre, entry.read().size) for entry in listing.entries] == [("portrait", (16, 12))] * 2


def test_a_name_that_stands_twice_in_an_archive_is_counted_and_the_later_file_read(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
            for name, seed in (("nude/a.png", 0), ("nude/b.png", 1), ("nude/a.png", 2)):
                archive.writestr(name, png(seed))
    listing = class_folders(open_files(tmp_path / "twice.zip"), "genre")
    (remark,) = listing.remarks
    assert remark == "1 names stand twice in twice.zip, and the later file is read: nude/a.png"
    first, _ = listing.entries
    assert np.array_equal(np.asarray(first.read()), np.asarray(random_picture(2, 16, 12)))


@pytest.mark.parametrize(
    ("byte", "value", "message"),
    [(8, 1, "is encrypted; unpack it"), (10, 9, "is packed with Deflate64, which Windows")],
)
def test_a_zip_that_cannot_be_unpacked_here_costs_one_line(tmp_path: Path, byte: int, value: int, message: str) -> None:
    data = bytearray(zipped_files(tmp_path / "a.zip", {"nude/a.png": png(0)}).read_bytes())
    data[data.index(b"PK\1\2") + byte] |= value
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(UserError, match=message):
        open_files(tmp_path / "a.zip")


def test_a_folder_of_archives_is_a_folder_of_folders_and_a_copy_beside_pictures_is_none(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    tarred(tmp_path / "shards" / "train.tar", {"train/nude/1.png": png(1)})
    zipped_files(tmp_path / "shards" / "test.zip", {"nude/2.png": png(2), "nude/3.png": png(3)})
    files = open_files(tmp_path / "shards")
    listing = class_folders(files, "genre")
    assert [(entry.record.name, entry.record.split) for entry in listing.entries] == [
        ("test/nude/2.png", "test"),
        ("test/nude/3.png", "test"),
        ("train/nude/1.png", "train"),
    ]
    assert [entry.read().size for entry in listing.entries] == [(16, 12)] * 3
    (tmp_path / "shards" / "nude").mkdir()
    (tmp_path / "shards" / "nude" / "1.png").write_bytes(png(1))
    listing = class_folders(open_files(tmp_path / "shards"), "genre")
    assert [entry.record.name for entry in listing.entries] == ["nude/1.png"]
    assert "2 files that are no pictures left out: .zip (1), .tar (1)" in listing.remarks
