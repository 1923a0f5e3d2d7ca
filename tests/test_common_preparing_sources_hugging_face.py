"""Datasets of the schema of huggan/wikiart, written to disk in each form that the library knows."""

from __future__ import annotations

import sys
from pathlib import Path

import datasets
import numpy as np
import pyarrow.parquet
import pytest
from tiny_data import random_picture

from common.errors import UserError
from common.preparing.pictures import Rejected
from common.preparing.sources.files import Record
from common.preparing.sources.hugging_face import hugging_face_dataset


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.fixture(scope="module")
def wikiart() -> datasets.Dataset:
    features = {
        "image": datasets.Image(),
        "artist": datasets.ClassLabel(names=["Unknown Artist", "vincent-van-gogh"]),
        "genre": datasets.ClassLabel(names=["portrait", "Unknown Genre"]),
        "style": datasets.ClassLabel(names=["Cubism", "Pop_Art"]),
        "license": datasets.Value("string"),
    }
    rows = {
        "image": [random_picture(number, 16, 12) for number in range(3)],
        "artist": [1, 0, 1],
        "genre": [0, 1, -1],
        "style": [1, 0, 0],
        "license": ["free"] * 3,
    }
    return datasets.Dataset.from_dict(rows, features=datasets.Features(features))


@pytest.fixture(params=["folder of parquet", "parquet", "saved", "saved splits"])
def place(request: pytest.FixtureRequest, wikiart: datasets.Dataset, tmp_path: Path) -> Path:
    match request.param:
        case "saved":
            wikiart.save_to_disk(tmp_path / "saved")
            return tmp_path / "saved"
        case "saved splits":
            datasets.DatasetDict({"train": wikiart}).save_to_disk(tmp_path / "splits")
            return tmp_path / "splits"
    (tmp_path / "wikiart" / "data").mkdir(parents=True)
    file = tmp_path / "wikiart" / "data" / "train-00000-of-00001.parquet"
    wikiart.to_parquet(file)
    return file if request.param == "parquet" else tmp_path / "wikiart"


def test_rows_become_records_with_the_names_of_their_classes(place: Path) -> None:
    entries = list(hugging_face_dataset(str(place)).entries)
    assert [entry.record for entry in entries] == [
        Record("0", "portrait", "Pop_Art", "vincent-van-gogh"),
        Record("1", "Unknown Genre", "Cubism", "Unknown Artist"),
        Record("2", "", "Cubism", "vincent-van-gogh"),
    ]
    assert np.array_equal(np.asarray(entries[1].read()), np.asarray(random_picture(1, 16, 12)))


def test_rows_without_a_picture_and_labels_that_are_words(tmp_path: Path) -> None:
    features = datasets.Features({"image": datasets.Image(), "genre": datasets.Value("string")})
    rows = {"image": [None, {"path": str(tmp_path / "gone.png"), "bytes": None}], "genre": [" portrait ", None]}
    (tmp_path / "gone.png").touch()
    words = tmp_path / "words.parquet"
    # The library itself would pack the files into the rows.
    pyarrow.parquet.write_table(datasets.Dataset.from_dict(rows, features=features).data.table, words)
    first, second = hugging_face_dataset(str(words)).entries
    assert (first.record, second.record) == (Record("0", "portrait"), Record("1"))
    with pytest.raises(Rejected, match="the row has no picture"):
        first.read()
    random_picture(0, 16, 12).save(tmp_path / "gone.png")
    assert second.read().size == (16, 12)
    (tmp_path / "gone.png").unlink()
    with pytest.raises(Rejected, match="cannot be read: No such file or directory"):
        second.read()


def test_a_row_cannot_fetch_files_from_outside_of_its_dataset(tmp_path: Path) -> None:
    random_picture(0, 16, 12).save(tmp_path / "secret.png")
    features = datasets.Features({"image": datasets.Image(), "genre": datasets.Value("string")})
    paths = [str(tmp_path / "secret.png"), f"file://{tmp_path}/secret.png", "/dev/zero", "secret.png"]
    rows = {"image": [{"path": path, "bytes": None} for path in paths], "genre": ["portrait"] * 4}
    (tmp_path / "dataset").mkdir()
    table = tmp_path / "dataset" / "rows.parquet"
    pyarrow.parquet.write_table(datasets.Dataset.from_dict(rows, features=features).data.table, table)
    for entry in hugging_face_dataset(str(table)).entries:
        with pytest.raises(Rejected, match="is a file outside the dataset's folder"):
            entry.read()


def test_files_whose_columns_differ_break_off_in_one_line(tmp_path: Path, wikiart: datasets.Dataset) -> None:
    (tmp_path / "data").mkdir()
    wikiart.to_parquet(tmp_path / "data" / "train-0.parquet")
    wikiart.rename_column("genre", "subject").to_parquet(tmp_path / "data" / "train-1.parquet")
    with pytest.raises(UserError) as caught:
        list(hugging_face_dataset(str(tmp_path)).entries)
    assert "reading failed after" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_dataset_without_pictures_or_labels_and_one_that_is_not_there_cost_one_line(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"text": ["a"], "genre": ["b"]}).save_to_disk(tmp_path / "texts")
    columns = "needs a column image with pictures and a column genre, style or label; its columns are text"
    for place, message in (("texts", columns), ("nowhere", f"dataset '{tmp_path}/nowhere' cannot be opened: ")):
        with pytest.raises(UserError) as caught:
            hugging_face_dataset(str(tmp_path / place))
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_the_library_is_asked_for_by_name_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match=r'needs datasets; .*pip install -e "\.\[hugging-face\]"'):
        hugging_face_dataset("huggan/wikiart")


@pytest.mark.parametrize("column", ["bytes", "struct", "names"])
def test_parquet_of_other_programs_holds_bytes_structs_or_names_and_a_column_label(tmp_path: Path, column: str) -> None:
    data = []
    for number in range(2):
        random_picture(number, 16, 12).save(tmp_path / f"{number}.png")
        data.append((tmp_path / f"{number}.png").read_bytes())
    structs = [{"bytes": one, "path": "a.png"} for one in data]
    pictures = {"bytes": data, "struct": structs, "names": ["0.png", "1.png"]}
    rows = pyarrow.table({"image": pictures[column], "label": [1, 0]})
    pyarrow.parquet.write_table(rows, tmp_path / "rows.parquet")
    entries = list(hugging_face_dataset(str(tmp_path / "rows.parquet"), "style").entries)
    assert [entry.record for entry in entries] == [Record("0", style="1"), Record("1", style="0")]
    assert np.array_equal(np.asarray(entries[1].read()), np.asarray(random_picture(1, 16, 12)))
    (tmp_path / "names").write_text("cubism\nrococo\n")
    named = hugging_face_dataset(str(tmp_path / "rows.parquet"), "genre", tmp_path / "names")
    assert [entry.record.genre for entry in named.entries] == ["rococo", "cubism"]


def test_splits_of_a_dataset_are_kept_and_others_counted(tmp_path: Path, wikiart: datasets.Dataset) -> None:
    splits = datasets.DatasetDict({"train": wikiart, "test": wikiart.select([0]), "unsupervised": wikiart})
    splits.save_to_disk(tmp_path / "splits")
    listing = hugging_face_dataset(str(tmp_path / "splits"))
    assert [(entry.record.name, entry.record.split) for entry in listing.entries] == [
        ("0", "train"),
        ("1", "train"),
        ("2", "train"),
        ("3", "test"),
    ]
    assert listing.total == 4
    assert listing.remarks == (
        "the splits train, test of the dataset are kept as such",
        "1 other splits left out: unsupervised",
    )
