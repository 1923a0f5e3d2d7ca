"""Precision, recall, density, coverage and nearest paintings against brute force and known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from common.data.dataset import PaintingDataset
from common.evaluation.features import FeatureNetwork
from common.evaluation.neighbours import SHOWN, copy_threshold, manifolds, nearest, nearest_sheet
from common.images import as_pictures


def features(count: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(count, 5)) + shift).astype(np.float32)


def by_brute_force(real: np.ndarray, generated: np.ndarray, k: int) -> dict[str, float]:
    def distance(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.sqrt(((x.astype(np.float64) - y.astype(np.float64)) ** 2).sum()))

    def radius(place: int, among: np.ndarray) -> float:
        return sorted(distance(among[place], other) for p, other in enumerate(among) if p != place)[k - 1]

    real_radii = [radius(place, real) for place in range(len(real))]
    generated_radii = [radius(place, generated) for place in range(len(generated))]
    inside = [[distance(r, g) <= real_radii[i] for g in generated] for i, r in enumerate(real)]
    table = np.array(inside)
    reached = [any(distance(r, g) <= generated_radii[j] for j, g in enumerate(generated)) for r in real]
    return {
        "precision": table.any(axis=0).mean(),
        "density": table.sum() / (k * len(generated)),
        "coverage": table.any(axis=1).mean(),
        "recall": float(np.mean(reached)),
    }


def test_the_four_measures_equal_brute_force() -> None:
    real, generated = features(40, 0), features(30, 1, shift=0.7)
    found = manifolds(real, generated, neighbours=3)
    for name, expected in by_brute_force(real, generated, 3).items():
        assert found[name].mean() == pytest.approx(expected), name


def test_equal_sets_score_one_and_distant_sets_nothing() -> None:
    real = features(50, 0)
    same, far = manifolds(real, real), manifolds(real, real + 100)
    for name in ("precision", "recall", "coverage"):
        assert same[name].mean() == 1
        assert far[name].mean() == 0
    assert far["density"].mean() == 0


def test_a_generator_of_one_picture_is_precise_and_covers_nothing() -> None:
    real = features(100, 0)
    repeated = np.repeat(real[:1], 100, axis=0) + features(100, 1) * np.float32(1e-3)
    found = manifolds(real, repeated)
    assert found["precision"].mean() == 1
    assert found["recall"].mean() < 0.05
    assert found["coverage"].mean() < 0.2


def test_the_nearest_painting_is_found_mirrored_or_not() -> None:
    collection = features(200, 0)
    upright, mirrored = features(3, 1), features(3, 2)
    upright[0], mirrored[1] = collection[17], collection[150]
    distances, places = nearest(upright, mirrored, collection, 3)
    assert places[:2, 0].tolist() == [17, 150]
    assert distances[:2, 0] == pytest.approx([0, 0], abs=1e-2)
    both = np.minimum(*(np.linalg.norm(collection - side[2], axis=1) for side in (upright, mirrored)))
    assert distances[2] == pytest.approx(np.sort(both)[:3], rel=1e-4)


def test_one_in_a_hundred_held_out_paintings_is_a_near_copy_and_a_copyist_paints_nothing_else() -> None:
    collection, held_out = features(500, 0), features(1000, 1)
    distances, _ = nearest(held_out, held_out, collection)
    threshold = copy_threshold(distances)
    assert (distances < threshold).mean() == pytest.approx(0.01, abs=0.001)
    assert (nearest(collection[:100], collection[:100], collection)[0] < threshold).all()


class _Pixels(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(images.float(), 8).flatten(1)


def test_a_training_painting_mirrored_or_not_is_its_own_nearest(procedural_dataset: Path) -> None:
    dataset = PaintingDataset(procedural_dataset)
    network = FeatureNetwork("pixels", _Pixels(), num_features=192, description="averages of 8x8 fields")
    train = dataset.split("train", 64)
    painting, other = as_pictures(train.pictures(np.array([4, 9])).numpy())
    mirrored = Image.fromarray(np.asarray(other)[:, ::-1].copy())
    sheet = nearest_sheet(dataset, 64, network, [painting, mirrored], ["one", "two"])
    assert sheet.width == (1 + SHOWN) * 68
    step = sheet.height // 2
    for row, pair in enumerate(((painting, painting), (mirrored, other))):
        for column, picture in enumerate(pair):
            x, y = column * 68 + 2, row * step + 2
            assert np.array_equal(np.asarray(sheet.crop((x, y, x + 64, y + 64))), np.asarray(picture))
