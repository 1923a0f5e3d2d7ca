"""Pictures beside the training paintings nearest to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from common.data.dataset import PaintingDataset
from common.evaluation.features import FeatureNetwork
from common.evaluation.novelty import SHOWN, Collection, several_nearest
from common.images import as_pictures


class _Pixels(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(images.float(), 8).flatten(1)


def test_a_training_painting_mirrored_or_not_is_its_own_nearest(procedural_dataset: Path) -> None:
    dataset = PaintingDataset(procedural_dataset)
    network = FeatureNetwork("pixels", _Pixels(), num_features=192, description="averages of 8x8 fields")
    train = dataset.split("train", 64)
    painting, other = as_pictures(train.pictures(np.array([4, 9])).numpy())
    mirrored = Image.fromarray(np.asarray(other)[:, ::-1].copy())
    sheet = Collection(dataset, 64, network).sheet([painting, mirrored], ["one", "two"])
    assert sheet.width == (1 + SHOWN) * 68
    step = sheet.height // 2
    for row, (own, nearest) in enumerate(((painting, painting), (mirrored, other))):
        for column, picture in enumerate((own, nearest)):
            x, y = column * 68 + 2, row * step + 2
            assert np.array_equal(np.asarray(sheet.crop((x, y, x + 64, y + 64))), np.asarray(picture))


def test_the_nearest_come_first_and_the_nearer_side_counts() -> None:
    collection = np.array([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]], dtype=np.float32)
    own, mirrored = np.array([[0.0, 0.0]], dtype=np.float32), np.array([[3.0, 4.0]], dtype=np.float32)
    distances, places = several_nearest(own, own, collection, 3)
    assert places.tolist() == [[0, 2, 1]]
    assert distances.tolist() == [[0.0, 1.0, 5.0]]
    assert several_nearest(own, mirrored, collection, 3)[0].tolist() == [[0.0, 0.0, 1.0]]
