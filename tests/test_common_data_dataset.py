"""A dataset folder as it is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from tiny_data import prepared, random_picture, write_collection

from common.data import arrays
from common.data import dataset as dataset_module
from common.data.dataset import SPLITS, UNLABELLED, PaintingDataset, Residence, Split, _best_residence, one_hot
from common.errors import UserError


@pytest.fixture
def copy(dataset_folder: Path, tmp_path: Path) -> Path:
    """A dataset folder that may be spoiled."""
    return Path(shutil.copytree(dataset_folder, tmp_path / "data"))


def split_of(genres: list[int], styles: list[int]) -> Split:
    count = len(genres)
    pictures = torch.zeros(count, 1, 1, 3, dtype=torch.uint8)
    return Split(pictures, torch.arange(count), np.asarray(genres), np.asarray(styles))


def test_splits_share_no_painting_and_leave_none_out(dataset: PaintingDataset) -> None:
    splits = [dataset.split(name, 64) for name in SPLITS]
    assert [len(split) for split in splits] == [63, 3, 3]
    assert sorted(row for split in splits for row in split.rows.tolist()) == list(range(69))


def test_labels_are_places_in_the_vocabulary_and_minus_one_without(dataset: PaintingDataset) -> None:
    train = dataset.split("train", 64)
    vocabulary = dataset.vocabulary
    genres, styles = np.bincount(train.genres + 1), np.bincount(train.styles + 1)
    assert genres.tolist() == [3, *vocabulary.genres.values()]
    assert styles.tolist() == [6, *vocabulary.styles.values()]
    first = train.rows.tolist().index(8)
    assert list(vocabulary.genres)[train.genres[first]] == "portrait"
    assert list(vocabulary.styles)[train.styles[first]] == "impressionism"


RESIDENCES: list[Residence] = ["auto", "disk", "memory", "device"]


@pytest.mark.parametrize("residence", RESIDENCES)
def test_pictures_are_copies_of_the_rows_of_their_split(dataset: PaintingDataset, residence: Residence) -> None:
    test = dataset.split("test", 128, residence=residence)
    stored = np.load(dataset.folder / "images-128.npy")
    pictures = test.pictures(np.array([2, 0, 2]))
    assert pictures.dtype == torch.uint8
    assert np.array_equal(pictures.numpy(), stored[test.rows.numpy()[[2, 0, 2]]])
    pictures.zero_()
    assert np.array_equal(test.pictures(np.array([2])).numpy(), stored[test.rows.numpy()[[2]]])


def test_auto_takes_the_device_or_a_processs_share_of_the_memory_where_a_quarter_of_it_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    for processes, free, expected in ((1, 400, "memory"), (1, 399, "disk"), (8, 3200, "memory"), (8, 3199, "disk")):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
        monkeypatch.setattr(psutil, "virtual_memory", lambda free=free: SimpleNamespace(available=free))
        assert _best_residence(100, cpu) == expected
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (400, 1000))
    assert _best_residence(100, gpu) == "device"
    assert _best_residence(101, gpu) == "disk"


@pytest.mark.parametrize(("most", "mapped"), [(0, True), (2**30, False)])
def test_large_pictures_are_checked_and_stay_on_disk_on_a_cpu(
    copy: Path, monkeypatch: pytest.MonkeyPatch, most: int, mapped: bool
) -> None:
    asked = []

    def open_arrays(*arguments: Any, mapped: bool) -> torch.Tensor | arrays.Parts:
        asked.append(mapped)
        return arrays.open_arrays(*arguments, mapped=mapped)

    monkeypatch.setattr(dataset_module, "open_arrays", open_arrays)
    monkeypatch.setattr(dataset_module, "MAPPED_ON_CPU", most)
    PaintingDataset(copy).split("train", 64, residence="auto")
    assert asked == [mapped]
    with (copy / "images-64.npy").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xa5")
    with pytest.raises(UserError, match="its checksum differs"):
        PaintingDataset(copy).split("train", 64, residence="auto")


def test_pairs_are_equal_where_both_labels_are_and_unlabelled_where_both_are_missing() -> None:
    genres, styles = [0, 0, 1, 1, 0, UNLABELLED, 0, UNLABELLED], [0, 1, 0, 1, 1, 0, UNLABELLED, UNLABELLED]
    (pairs,) = split_of(genres, styles).pairs().T
    assert pairs[-1] == UNLABELLED
    for first in range(8):
        for second in range(8):
            same = (genres[first], styles[first]) == (genres[second], styles[second])
            assert (pairs[first] == pairs[second]) == same


def test_a_painting_with_several_labels_is_an_equal_part_of_each_and_has_no_single_one(tmp_path: Path) -> None:
    labels = [("portrait|nude", "cubism"), ("portrait", "cubism|rococo"), ("nude", ""), ("", "rococo")]
    pictures = {f"{number}.png": random_picture(number, 64, 64) for number in range(4)}
    prepared(write_collection(tmp_path / "a", pictures, dict(zip(pictures, labels, strict=True))), tmp_path / "data")
    dataset = PaintingDataset(tmp_path / "data")
    assert dataset.vocabulary.genres == {"nude": 2, "portrait": 2}
    split = dataset.split("train", 64)
    everything = np.arange(4)
    assert split.points("genre", everything, 2).tolist() == [[0.5, 0.5], [0, 1], [1, 0], [0, 0]]
    assert split.points("style", everything, 2).tolist() == [[1, 0], [0.5, 0.5], [0, 0], [0, 1]]
    assert split.genres.tolist() == [UNLABELLED, 1, 0, UNLABELLED]
    assert split.at(np.array([1, 0])).points("genre", np.array([1]), 2).tolist() == [[0.5, 0.5]]
    shared = [
        len({*split.pairs()[0].tolist()} & {*split.pairs()[place].tolist()} - {UNLABELLED}) for place in (0, 1, 2)
    ]
    assert shared == [2, 1, 0]


def test_points_of_the_simplex_are_rows_of_the_identity_and_zeros_without_a_label() -> None:
    points = one_hot(np.array([2, UNLABELLED, 0]), 3)
    assert points.dtype == np.float32
    assert points.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_a_folder_without_a_dataset_is_answered_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(
        UserError,
        match=rf"^no dataset at .*data; choose one with --data, or make it with: .*SOURCE --out {tmp_path / 'data'}$",
    ):
        PaintingDataset(tmp_path / "data")


def described(folder: Path, **changes: object) -> Path:
    values = json.loads((folder / "dataset.json").read_text()) | changes
    (folder / "dataset.json").write_text(json.dumps(values))
    return folder


@pytest.mark.parametrize("version", [1, 3])
def test_a_dataset_of_another_version_is_refused_with_the_command_that_makes_it_anew(copy: Path, version: int) -> None:
    with pytest.raises(UserError) as caught:
        PaintingDataset(described(copy, version=version))
    assert str(caught.value) == (
        f"{copy} was made by another version of this program; prepare it again, from collection: "
        f"python scripts/prepare_data.py SOURCE --out {copy} --overwrite"
    )


def test_a_size_that_was_not_prepared_is_answered_with_the_sizes_to_prepare(dataset: PaintingDataset) -> None:
    with pytest.raises(UserError, match=r"has sizes 64, 128, not 256; prepare it again with: --sizes 64 128 256$"):
        dataset.split("train", 256)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("dataset.json", b"\xff{", r"broken or do not match \('utf-8' codec"),
        ("dataset.json", b'{"colour": 1}', r"dataset\.json: .*colour is not a known key"),
        ("labels.csv", None, r"broken or do not match \(.*No such file"),
        ("labels.csv", b"index,split\n", r"broken or do not match \(its checksum differs\); prepare the data again"),
    ],
)
def test_a_description_and_labels_that_do_not_fit_are_refused_in_one_line(
    copy: Path, file: str, content: bytes | None, message: str
) -> None:
    (copy / file).unlink()
    if content is not None:
        (copy / file).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        PaintingDataset(copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("residence", ["disk", "memory"])
@pytest.mark.parametrize("spoil", ["missing", "cut", "pickle", "changed", "another"])
def test_pictures_that_are_missing_broken_or_of_another_dataset_are_refused_in_one_line(
    copy: Path, spoil: str, residence: Residence
) -> None:
    if spoil == "changed" and residence == "disk":
        residence = "device"  # A mapped file is not read whole, so a change goes unnoticed.
    path = copy / "images-64.npy"
    content = bytearray(path.read_bytes())
    path.unlink()
    match spoil:
        case "cut":
            path.write_bytes(content[:-1])
        case "pickle":
            np.save(path, np.array([{}], dtype=object), allow_pickle=True)
        case "changed":
            content[-1] ^= 1
            path.write_bytes(content)
        case "another":
            np.save(path, np.zeros((68, 64, 64, 3), dtype=np.uint8))
    with pytest.raises(UserError, match=r"images-64\.npy is missing or broken \(.*\); prepare the data ag") as caught:
        PaintingDataset(copy).split("train", 64, residence=residence)
    assert "\n" not in str(caught.value)
