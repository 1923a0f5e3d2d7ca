"""Folders and zips as trees of files, and what in them is refused."""

from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tiny_data import random_picture, zipped

from common.errors import UserError
from common.preparing.pictures import Rejected, decode
from common.preparing.sources.archives import ZipFiles, open_files
from common.preparing.sources.collection import pictures_of
from common.preparing.sources.files import Files, pictures_among


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "inner/a.png", ".hidden/c.png", "inner/.DS_Store", "inner/Thumbs.db", "__MACOSX/._b.png"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        random_picture(0, 16, 12).save(path, format="PNG")
    return tmp_path / "pictures"


@pytest.fixture(params=["folder", "zip"])
def files(request: pytest.FixtureRequest, folder: Path) -> Files:
    return open_files(folder if request.param == "folder" else zipped(folder))


def test_files_are_named_in_order_without_what_the_system_left_there(files: Files) -> None:
    assert list(files.names()) == ["b.png", "inner/a.png"]
    assert files.has("inner/a.png")
    assert not files.has("a.png")
    assert not files.has("x" * 300)
    assert files.name in {"pictures", "pictures.zip"}


def test_a_picture_reads_in_another_process_as_in_this_one(files: Files) -> None:
    data = files.read_picture("inner/a.png")
    assert np.array_equal(np.asarray(decode(data).image), np.asarray(random_picture(0, 16, 12)))
    travelled = pickle.loads(pickle.dumps(files))
    assert travelled.read_picture("inner/a.png") == data


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that even root cannot read")
def test_a_file_that_the_system_does_not_let_be_read_is_rejected() -> None:
    files = Files(Path("/proc/self"))
    with pytest.raises(Rejected, match=r"^cannot be read: "):
        files.read_picture("mem")
    with pytest.raises(UserError, match=r"^/proc/self/mem cannot be read as UTF-8 \("):
        files.read_text("mem")


def test_processes_that_inherit_an_open_zip_do_not_read_each_others_bytes(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for number in range(40):
        random_picture(number, 200, 150).save(tmp_path / "pictures" / f"{number:02}.png")
    files = ZipFiles(zipped(tmp_path / "pictures"))
    names = list(files.names())
    assert files.read_picture(names[0])
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("fork")) as pool:
        pictures = list(pool.map(files.read_picture, names * 4, chunksize=5))
    for number, data in enumerate(pictures):
        assert np.array_equal(np.asarray(decode(data).image), np.asarray(random_picture(number % 40, 200, 150)))


@pytest.mark.parametrize(
    ("flagged", "stored", "name"),
    [
        (True, "名前.png".encode(), "名前.png"),
        (False, "Gérôme.png".encode(), "Gérôme.png"),
        (False, b"c\x82f.png", "céf.png"),
    ],
    ids=["UTF-8", "UTF-8 without the flag, as `zip -r` writes it", "another code page"],
)
def test_names_of_a_zip_are_read_as_they_were_packed(tmp_path: Path, flagged: bool, stored: bytes, name: str) -> None:
    path = tmp_path / "pictures.zip"
    placeholder = "é" * (len(stored) // 2) + "x" * (len(stored) % 2) if flagged else "x" * len(stored)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(placeholder, b"")
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), stored))
    assert list(ZipFiles(path).names()) == [name]


def test_a_folder_that_cannot_be_read_is_named_and_not_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.scandir
    unreadable = [".hidden"]

    def scandir(path: str) -> Iterator[os.DirEntry[str]]:
        if Path(path).name in unreadable:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr("os.scandir", scandir)
    assert list(Files(folder).names()) == ["b.png", "inner/a.png"]
    unreadable.append("inner")
    with pytest.raises(UserError, match=r"^.*pictures/inner cannot be read: Permission denied; make it readable or"):
        list(Files(folder).names())


def test_linked_folders_are_named_and_refused(folder: Path) -> None:
    (folder / "marina").symlink_to(folder / "inner")
    (folder / ".linked").symlink_to(folder / "inner")
    files = Files(folder)
    assert "marina/" in list(files.names())
    assert ".linked/" not in list(files.names())
    with pytest.raises(Rejected, match=r"is a linked folder \(see --follow-links\)"):
        files.read_picture("marina/")


def test_linked_folders_and_files_are_read_on_request_and_a_link_that_leads_back_is_not(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "nas").mkdir()
    random_picture(1, 16, 12).save(tmp_path / "nas" / "far.png")
    (folder / "marina").symlink_to(tmp_path / "nas")
    (folder / "one.png").symlink_to(tmp_path / "nas" / "far.png")
    (folder / "inner" / "back").symlink_to(folder)
    (tmp_path / "nas" / "round").symlink_to(folder / "inner" / "x")
    (folder / "inner" / "x").symlink_to(tmp_path / "nas")
    files = Files(folder, follow_links=True)
    assert list(files.names()) == [
        *("b.png", "one.png", "inner/back/", "inner/a.png", "inner/x/round/", "inner/x/far.png"),
        *("marina/round/", "marina/far.png"),
    ]
    for name in ("one.png", "marina/far.png"):
        assert decode(files.read_picture(name)).image.size == (16, 12)
        with pytest.raises(Rejected, match=r"points outside the source folder \(see --follow-links\)"):
            Files(folder).read_picture(name)
    with pytest.raises(Rejected, match="is a linked folder"):
        files.read_picture("inner/back/")
    with pytest.raises(Rejected, match="points outside"):
        files.read_picture("../nas/far.png")


def test_what_systems_and_programs_leave_beside_pictures_is_counted(tmp_path: Path) -> None:
    for name in ("nude/@eaDir/a.jpg", "$RECYCLE.BIN/b.png", "nude/.thumbnails/c.png", ".ipynb_checkpoints/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        random_picture(0, 16, 12).save(tmp_path / name)
    for name in ("nude/._a.png", "nude/a.png", "Thumbs.db"):
        (tmp_path / name).touch()
    (tmp_path / "lost+found").mkdir(mode=0)
    files = Files(tmp_path)
    assert list(files.names()) == ["nude/a.png"]
    (remark,) = files.remarks()
    assert remark.startswith("7 hidden or system files and folders left out: $RECYCLE.BIN, .ipynb_checkpoints, ")


def test_files_that_are_no_pictures_are_told_from_those_that_may_be_by_their_suffix() -> None:
    pictures = ["a.png", "B.JPG", "c", "d.heic", "e.unheard-of"]
    others = ["a.txt", "b.json", "c.csv", "Picasa.ini", "d.xmp", "e.mp4", "f.TXT"]
    assert pictures_among([*pictures, *others]) == (
        pictures,
        ("7 files that are no pictures left out: .txt (2), .json (1), .csv (1)",),
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are Unicode")
def test_a_name_that_is_not_utf_8_can_be_read_and_written_to_a_table(folder: Path) -> None:
    (folder / "b.png").rename(folder / os.fsdecode(b"caf\xe9.png"))
    (entry,) = [entry for entry in pictures_of(Files(folder)).entries if "caf" in entry.record.name]
    assert entry.record.name == "caf\N{REPLACEMENT CHARACTER}.png"
    assert entry.read().size == (16, 12)
