"""Pictures in one file or in several parts."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_data import prepared

from common.data.dataset import SPLITS, PaintingDataset, Residence
from common.errors import UserError
from common.files import sha256

PART = 10 * 64 * 64 * 3 / 1e9
"""Gigabytes of ten pictures of 64 pixels."""
RESIDENCES: Sequence[Residence] = ("disk", "memory", "device")


@pytest.fixture(scope="session")
def in_parts(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' dataset again, in parts: ten pictures of 64 pixels, two of 128."""
    folder = tmp_path_factory.mktemp("parts") / "data"
    prepared(collection, folder, sizes=(64, 128), part_size=PART)
    return folder


def test_parts_have_the_stated_size_and_checksums_and_hold_what_one_file_holds(
    dataset_folder: Path, in_parts: Path
) -> None:
    names = [f"images-64-{part:05}.npy" for part in range(7)]
    assert sorted(path.name for path in in_parts.glob("images-64*")) == names
    assert [len(np.load(in_parts / name)) for name in names] == [10] * 6 + [9]
    assert len(list(in_parts.glob("images-128-*"))) == 35
    for size in (64, 128):
        parts = [np.load(path) for path in sorted(in_parts.glob(f"images-{size}-*"))]
        assert np.array_equal(np.concatenate(parts), np.load(dataset_folder / f"images-{size}.npy"))
    checksums = json.loads((in_parts / "dataset.json").read_text())["checksums"]
    assert checksums == {name: sha256(in_parts / name) for name in checksums}
    assert checksums.keys() | {"dataset.json", "rejected.csv"} == {path.name for path in in_parts.iterdir()}
    assert (in_parts / "labels.csv").read_bytes() == (dataset_folder / "labels.csv").read_bytes()


@pytest.mark.parametrize("residence", RESIDENCES)
def test_a_dataset_in_parts_gives_the_pictures_that_one_file_gives(
    dataset: PaintingDataset, in_parts: Path, residence: Residence
) -> None:
    positions = np.array([40, 0, 2, 40, 1])
    for name in SPLITS:
        parts = PaintingDataset(in_parts).split(name, 64, residence=residence)
        whole = dataset.split(name, 64, residence=residence)
        some = positions % len(whole)
        assert torch.equal(parts.pictures(some), whole.pictures(some))
        assert torch.equal(parts.at(some).pictures(np.arange(5)), whole.pictures(some))
    rows = [68, 0, 9, 10]
    assert np.array_equal(PaintingDataset(in_parts).pictures(128, rows), dataset.pictures(128, rows))


def test_pictures_that_fit_into_one_part_are_one_file(collection: Path, tmp_path: Path) -> None:
    prepared(collection, tmp_path / "data", part_size=1.0)
    assert [path.name for path in tmp_path.glob("data/images*")] == ["images-64.npy"]


def test_pictures_that_are_left_out_move_those_behind_them_across_the_parts(collection: Path, tmp_path: Path) -> None:
    twice = Path(shutil.copytree(collection, tmp_path / "twice"))
    with (twice / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    shutil.copy(twice / rows[1][0], twice / "again.png")
    rows.insert(2, ["again.png", *rows[1][1:]])
    with (twice / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    for name, size in (("whole", None), ("parts", PART)):
        prepared(twice, tmp_path / name, part_size=size)
    parts = [np.load(path) for path in sorted((tmp_path / "parts").glob("images-64-*"))]
    assert [len(part) for part in parts] == [10] * 6 + [9]
    assert np.array_equal(np.concatenate(parts), np.load(tmp_path / "whole" / "images-64.npy"))


@pytest.mark.parametrize("residence", RESIDENCES)
@pytest.mark.parametrize("spoil", ["missing", "changed", "cut"])
def test_a_part_that_is_missing_or_changed_is_refused_in_one_line(
    collection: Path, tmp_path: Path, spoil: str, residence: Residence
) -> None:
    prepared(collection, tmp_path / "data", part_size=PART)
    path = tmp_path / "data" / "images-64-00003.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.unlink()
    if spoil != "missing":
        path.write_bytes(content if spoil == "changed" else content[:-1])
    if spoil == "changed" and residence == "disk":
        return  # A mapped file is not read whole, so a change goes unnoticed.
    with pytest.raises(UserError, match=r"images-64-00000\.npy or another part is missing or broken \(.*\); prepare"):
        PaintingDataset(tmp_path / "data").split("train", 64, residence=residence)


def test_a_dataset_in_parts_is_replaced_on_request(collection: Path, tmp_path: Path) -> None:
    prepared(collection, tmp_path / "data", part_size=PART)
    prepared(collection, tmp_path / "data", overwrite=True)
    assert [path.name for path in tmp_path.glob("data/images*")] == ["images-64.npy"]
