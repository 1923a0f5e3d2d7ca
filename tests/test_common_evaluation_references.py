"""Features of real paintings: computed once, kept under a name that changes with what they depend on."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from common.data.dataset import PaintingDataset
from common.evaluation.features import FeatureNetwork
from common.evaluation.references import References, reference_features
from common.shares import Share


class Colours(nn.Module):
    """Mean colour of each half of a picture; counts the pictures that it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = 0

    def forward(self, images: Tensor) -> Tensor:
        self.shown += len(images)
        left, right = images.float().chunk(2, dim=3)
        return torch.cat([left.mean(dim=(2, 3)), right.mean(dim=(2, 3))], dim=1)


def network(description: str = "colours of halves") -> FeatureNetwork:
    return FeatureNetwork("halves", Colours(), num_features=6, description=description)


@pytest.fixture
def own_dataset(dataset_folder: Path, tmp_path: Path) -> PaintingDataset:
    shutil.copytree(dataset_folder, tmp_path / "data", ignore=shutil.ignore_patterns("features"))
    return PaintingDataset(tmp_path / "data")


def look(dataset: PaintingDataset, features: FeatureNetwork, chosen: np.ndarray | None = None) -> References:
    places = np.arange(len(dataset.split("train", 64))) if chosen is None else chosen
    return reference_features(dataset, 64, features, places, "test", Share(), lambda count: None)


def test_features_are_those_of_the_splits_in_order(own_dataset: PaintingDataset) -> None:
    found = look(own_dataset, network())
    for name, features in (("train", found.train), ("test", found.held_out)):
        split = own_dataset.split(name, 64)
        pictures = split.pictures(np.arange(len(split))).float()
        assert np.allclose(features[:, :3], pictures[:, :, :32].mean(dim=(1, 2)), atol=1e-3)
    assert np.allclose(found.held_out_mirrored, np.roll(found.held_out, 3, axis=1), atol=1e-3)


def test_they_are_computed_once_for_a_network_and_anew_for_another(own_dataset: PaintingDataset) -> None:
    first, again, other = network(), network(), network("other weights")
    kept, loaded = look(own_dataset, first), look(own_dataset, again)
    assert first.network.shown > 0  # type: ignore[operator]
    assert again.network.shown == 0
    assert np.array_equal(kept.train, loaded.train)
    look(own_dataset, other)
    assert other.network.shown == first.network.shown


def test_some_of_the_training_paintings_are_taken_from_the_kept_ones_or_computed_alone(
    own_dataset: PaintingDataset,
) -> None:
    chosen = np.array([5, 2, 9])
    alone = network()
    few = look(own_dataset, alone, chosen)
    assert alone.network.shown == 3 + 2 * len(few.held_out)
    repeated, others = network(), network()
    assert np.array_equal(look(own_dataset, repeated, chosen).train, few.train)
    assert repeated.network.shown == 0
    look(own_dataset, others, np.array([5, 2, 8]))
    assert others.network.shown == 3
    whole = look(own_dataset, network())
    again = network()
    assert np.array_equal(few.train, whole.train[chosen])
    assert np.array_equal(look(own_dataset, again, chosen).train, few.train)
    assert again.network.shown == 0


def test_kept_features_that_are_damaged_are_computed_anew(own_dataset: PaintingDataset) -> None:
    whole = look(own_dataset, network())
    (train,) = (own_dataset.folder / "features").glob("*-train-*.npy")
    stored = train.read_bytes()
    other = io.BytesIO()
    np.save(other, whole.train[:, :5])
    broken = (stored.replace(b")", b"("), stored.replace(b"<f4", b"<i4"), b"no array" * 99, bytes(len(stored)))
    for damaged in (stored[:-8], stored[:40], b"", *broken, other.getvalue()):
        train.write_bytes(damaged)
        anew = network()
        assert np.array_equal(look(own_dataset, anew).train, whole.train)
        assert anew.network.shown == len(whole.train)
        assert train.read_bytes() == stored
    train.write_bytes(stored[:-8])
    few = network()
    assert np.array_equal(look(own_dataset, few, np.array([5, 2, 9])).train, whole.train[[5, 2, 9]])
    assert few.network.shown == 3


def test_features_that_another_process_cannot_read_are_computed_by_both(own_dataset: PaintingDataset) -> None:
    class FirstOfTwoThatDiffer(Share):
        def everywhere(self, own: bool) -> bool:
            return False

    whole, again = look(own_dataset, network()), network()
    places = np.arange(len(whole.train))
    look_again = reference_features(own_dataset, 64, again, places, "test", FirstOfTwoThatDiffer(), lambda count: None)
    assert again.network.shown == len(whole.train) + 2 * len(whole.held_out)
    assert np.array_equal(look_again.train, whole.train)


def test_a_dataset_that_cannot_be_written_is_measured_all_the_same(own_dataset: PaintingDataset) -> None:
    (own_dataset.folder / "features").write_text("in the way")
    assert len(look(own_dataset, network()).held_out) == len(own_dataset.split("test", 64))
