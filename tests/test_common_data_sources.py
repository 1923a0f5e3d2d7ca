"""Folders, zips and painted pictures as sources, and what is wrong with them."""

from __future__ import annotations

import itertools
import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import random_picture, write_collection

from common.data import procedural
from common.data.pictures import Rejected
from common.data.sources import LabelledFolder, LabelledZip, ProceduralSource, Record, Source, open_source
from common.errors import UserError

HEADER = "file,genre,style,artist,title,year\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture = {"a.png": random_picture(0, 16, 12)}
    return write_collection(tmp_path / "pictures", picture, {"a.png": ("portrait", "cubism")})


def zipped(folder: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    return path


@pytest.fixture(params=["folder", "zip"])
def source(request: pytest.FixtureRequest, folder: Path) -> Source:
    return LabelledFolder(folder) if request.param == "folder" else LabelledZip(zipped(folder))


def test_a_record_holds_the_labels_as_they_are_spelled_and_the_picture_reads(source: Source) -> None:
    (record,) = source.records()
    assert record == Record("a.png", "portrait", "cubism", "A. Painter", "Title of a.png", "1901")
    assert np.array_equal(np.asarray(source.read(record)), np.asarray(random_picture(0, 16, 12)))
    assert source.name in {"pictures", "pictures.zip"}


def test_a_source_that_was_used_still_travels_to_another_process(source: Source) -> None:
    (record,) = source.records()
    picture = source.read(record)
    travelled = pickle.loads(pickle.dumps(source))
    assert np.array_equal(np.asarray(travelled.read(record)), np.asarray(picture))


def test_a_place_is_opened_as_what_it_is(folder: Path) -> None:
    assert isinstance(open_source("procedural", 1, 0), ProceduralSource)
    assert isinstance(open_source(str(folder), 1, 0), LabelledFolder)
    assert isinstance(open_source(str(zipped(folder)), 1, 0), LabelledZip)


@pytest.mark.parametrize(
    ("place", "count", "seed", "message"),
    [
        ("nowhere", 1, 0, "source 'nowhere' does not exist; give a folder or zip with labels.csv, or `procedural`"),
        (__file__, 1, 0, f"{__file__} is neither a folder nor a zip; give one with a labels.csv inside"),
        ("procedural", 0, 0, "--count 0 --seed 0: procedural needs at least 1 painting and a seed from 0 up"),
        ("procedural", 1, -1, "--count 1 --seed -1: procedural needs"),
    ],
)
def test_a_place_that_is_no_source_is_refused_with_what_would_be_one(
    place: str, count: int, seed: int, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        open_source(place, count, seed)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"file,genre\na.png,portrait\n", "lacks the columns style, artist, title, year; it needs file,genre,style"),
        (b"", "lacks the columns file, genre, style"),
        (HEADER.encode(), "names no pictures"),
        (HEADER.encode() + b"a.png,portr\xe4t,,,,\n", "is not UTF-8; save it as UTF-8"),
        (HEADER.encode() + b"b.png,,,,,\nc.png,,,,,\n", "names 'b.png' and 1 more, not there; add the files or remove"),
        (HEADER.encode() + b"x" * 300 + b",,,,,\n", "not there"),
        (HEADER.encode() + b"a.png,,,,,\n ,portrait,,,,\n", "record 2: the file column is blank"),
        (HEADER.encode() + b'a.png,"portrait"x,,,,\n', "line 2: "),
    ],
    ids=["columns", "empty", "no rows", "latin-1", "absent", "name too long", "blank file", "no CSV"],
)
def test_a_table_at_fault_is_refused_in_one_line_with_its_place(folder: Path, table: bytes, message: str) -> None:
    (folder / "labels.csv").write_bytes(table)
    for source in (LabelledFolder(folder), LabelledZip(zipped(folder))):
        with pytest.raises(UserError) as caught:
            source.records()
        assert "labels.csv" in str(caught.value)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_source_without_a_table_is_refused_with_its_columns(folder: Path) -> None:
    (folder / "labels.csv").unlink()
    for source in (LabelledFolder(folder), LabelledZip(zipped(folder))):
        with pytest.raises(UserError, match=r"has no labels\.csv at its top; it needs one with the columns file,genre"):
            source.records()


def test_a_table_may_have_a_byte_order_mark_spaces_more_columns_and_short_rows(folder: Path) -> None:
    table = "\ufefffile,genre,style,artist,title,year,owner\r\na.png, portrait ,,,,,me\r\na.png\r\n"
    (folder / "labels.csv").write_bytes(table.encode())
    assert LabelledFolder(folder).records() == [Record("a.png", "portrait", ""), Record("a.png", "", "")]


def test_a_picture_outside_of_the_folder_is_rejected(folder: Path) -> None:
    outside = folder.parent / "outside.png"
    random_picture(1, 8, 8).save(outside)
    (folder / "link.png").symlink_to(outside)
    for name in ("../outside.png", str(outside), "link.png"):
        (folder / "labels.csv").write_text(f"{HEADER}{name},,,,,\n")
        (record,) = LabelledFolder(folder).records()
        with pytest.raises(Rejected, match="leads out of the source folder"):
            LabelledFolder(folder).read(record)


def test_what_is_no_file_is_rejected(folder: Path) -> None:
    (folder / "inner").mkdir()
    with pytest.raises(Rejected, match="is not a file"):
        LabelledFolder(folder).read(Record("inner", "", ""))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that even root cannot read")
def test_a_file_that_the_system_does_not_let_be_read_is_rejected() -> None:
    with pytest.raises(Rejected, match=r"^cannot be read: "):
        LabelledFolder(Path("/proc/self")).read(Record("mem", "", ""))


def test_a_folder_is_named_by_its_own_name_wherever_one_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert LabelledFolder(Path()).name == "pictures"


def test_a_damaged_entry_of_a_zip_is_rejected_and_a_damaged_table_refused(folder: Path) -> None:
    path = zipped(folder, zipfile.ZIP_DEFLATED)
    source = LabelledZip(path)
    (record,) = source.records()
    with zipfile.ZipFile(path) as archive:
        offsets = {entry.filename: entry.header_offset + 30 + len(entry.filename) for entry in archive.infolist()}
    data = bytearray(path.read_bytes())
    for offset in offsets.values():
        data[offset : offset + 12] = b"\xff" * 12
    path.write_bytes(data)
    with pytest.raises(Rejected, match=r"^cannot be unpacked: "):
        source.read(record)
    with pytest.raises(UserError, match=r"labels\.csv cannot be unpacked \(.*\); make the zip anew"):
        LabelledZip(path).records()


def test_procedural_paintings_are_equally_many_of_each_genre_and_style() -> None:
    cells = list(itertools.product(procedural.GENRES, procedural.STYLES))
    records = ProceduralSource(2 * len(cells), seed=5).records()
    assert sorted((record.genre, record.style) for record in records) == sorted(cells * 2)
    assert len({record.name for record in records}) == len(records)


def test_a_procedural_painting_is_a_function_of_the_seed_and_its_number() -> None:
    first, second = (ProceduralSource(3, seed) for seed in (5, 6))
    one, another = first.records()[1], second.records()[0]
    assert one.name == another.name == "6"
    picture = first.read(one)
    assert picture.size == (256, 256)
    assert picture.tobytes() == ProceduralSource(3, seed=5).read(one).tobytes()
    assert picture.tobytes() != first.read(first.records()[0]).tobytes()
