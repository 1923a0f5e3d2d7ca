"""The dataset's own classifier learns from training paintings alone, once for a dataset."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from einops import rearrange
from PIL import Image
from tiny_data import prepared, random_picture, write_collection

from common.data.dataset import HELD_OUT, PaintingDataset
from common.evaluation import classifier
from common.evaluation.classifier import dataset_classifier
from common.evaluation.features import FeatureNetwork
from common.shares import Share


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "PICTURES", 600)


@pytest.fixture
def own_dataset(procedural_dataset: Path, tmp_path: Path) -> PaintingDataset:
    shutil.copytree(procedural_dataset, tmp_path / "data", ignore=shutil.ignore_patterns("features"))
    return PaintingDataset(tmp_path / "data")


def features(network: FeatureNetwork | None, dataset: PaintingDataset, size: int = 64) -> np.ndarray:
    assert network is not None
    split = dataset.split("train", size)
    return network(rearrange(split.pictures(np.arange(len(split))), "b h w c -> b c h w")).numpy()


def test_it_learns_the_labels_of_training_paintings_and_knows_those_of_others(tmp_path: Path) -> None:
    genres = ("landscape", "portrait")
    pictures, labels = {}, {}
    for number in range(60):
        light = np.asarray(random_picture(number)) // 2 + (128 if number % 2 else 0)
        pictures[f"{number:02}.png"] = Image.fromarray(light.astype(np.uint8))
        labels[f"{number:02}.png"] = (genres[number % 2], "")
    prepared(write_collection(tmp_path / "collection", pictures, labels), tmp_path / "data")
    dataset = PaintingDataset(tmp_path / "data")
    network = dataset_classifier(dataset, 64, Share())
    assert network is not None
    for name in ("train", *HELD_OUT):
        split = dataset.split(name, 64)
        seen = network(rearrange(split.pictures(np.arange(len(split))), "b h w c -> b c h w"))
        named = network.network.genre(seen).argmax(dim=1).numpy()  # type: ignore[operator,union-attr]
        assert (named == split.genres).mean() > 0.9


def test_it_is_trained_once_for_a_dataset_and_a_size(
    own_dataset: PaintingDataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = features(dataset_classifier(own_dataset, 64, Share()), own_dataset)
    larger = dataset_classifier(own_dataset, 128, Share())
    assert features(larger, own_dataset, 128).shape == first.shape
    assert capsys.readouterr().out.count("training the second ruler on ") == 2
    monkeypatch.setattr(classifier, "train", lambda *_: pytest.fail("trained again"))
    again = dataset_classifier(own_dataset, 64, Share())
    assert again is not None
    assert np.array_equal(features(again, own_dataset), first)
    assert again.description.count("\n") == 0
    assert not capsys.readouterr().out
    assert f"{len(first)} training paintings" in again.description


def test_larger_pictures_are_seen_in_squares_too_which_show_what_the_whole_brought_down_hides(
    own_dataset: PaintingDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "MOST_SIDE", 64)
    network = dataset_classifier(own_dataset, 128, Share())
    assert network is not None
    split = own_dataset.split("test", 128)
    sharp = rearrange(torch.as_tensor(split.pictures(np.arange(len(split)))), "b h w c -> b c h w")
    small = F.interpolate(sharp.float(), size=64, mode="bilinear", antialias=True)
    soft = F.interpolate(small, size=128, mode="bilinear").round().to(torch.uint8)
    whole, squares = (network(sharp) - network(soft)).abs().mean(dim=0).split(network.num_features // 2)
    assert squares.mean() > 2 * whole.mean()
    mirrored = [network(pictures).chunk(2, dim=1)[1] for pictures in (sharp, sharp.roll(64, dims=3))]
    torch.testing.assert_close(*mirrored, rtol=0, atol=1e-4)  # The four squares change places.


def test_a_dataset_that_cannot_be_written_is_measured_all_the_same(own_dataset: PaintingDataset) -> None:
    (own_dataset.folder / "features").write_text("in the way")
    first, second = (features(dataset_classifier(own_dataset, 64, Share()), own_dataset) for _ in range(2))
    assert np.array_equal(first, second)


def test_paintings_without_labels_have_none(tmp_path: Path) -> None:
    pictures = {f"{number:02}.png": random_picture(number) for number in range(24)}
    prepared(write_collection(tmp_path / "collection", pictures, {}), tmp_path / "data")
    assert dataset_classifier(PaintingDataset(tmp_path / "data"), 64, Share()) is None
