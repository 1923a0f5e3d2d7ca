"""How painters with a known answer to their labels are measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from common.evaluation.responses import Response, layout_correlation


def response(of_seed: float, of_label: float) -> Response:
    """Pictures that lie apart by their seeds and by their labels."""
    random = np.random.default_rng(0)
    seeds, labels = random.normal(size=(12, 1, 200)) * of_seed, random.normal(size=(1, 5, 200)) * of_label
    return Response((seeds + labels).astype(np.float32), np.zeros((12, 5), dtype=np.float32))


def test_a_label_that_changes_nothing_gives_zero() -> None:
    assert response(1.0, 0.0).per_seed() == pytest.approx(0, abs=1e-5)


def test_a_label_that_changes_as_much_as_another_seed_gives_one() -> None:
    assert response(1.0, 1.0).per_seed() == pytest.approx(1, abs=0.1)
    assert response(1.0, 3.0).per_seed() == pytest.approx(3, abs=0.3)


def test_an_enlarged_picture_keeps_its_composition_and_its_negative_turns_it_round() -> None:
    small = torch.rand(3, 3, 64, 64) * 2 - 1
    large = F.interpolate(small, size=(128, 128), mode="bilinear")
    assert layout_correlation(small, large) == pytest.approx(torch.ones(3), abs=0.05)
    assert layout_correlation(small, -0.5 * large + 0.2) == pytest.approx(-torch.ones(3), abs=0.05)
    assert layout_correlation(small, torch.rand(3, 3, 128, 128)).abs().max() < 0.2
