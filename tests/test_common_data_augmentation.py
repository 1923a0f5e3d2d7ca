"""What the critic is shown instead of a picture."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from common.data.augmentation import NUM_DRAWS, augment

NEVER, ALWAYS = 0.9, 0.0
"""Draws above and below a chance of 0.5."""
MIDDLE = 0.5


@pytest.fixture
def images() -> Tensor:
    return torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) - 0.5


def draws(recolour: float = NEVER, move: float = NEVER, hide: float = NEVER, **others: float) -> Tensor:
    names = ("brightness", "saturation", "contrast", "down", "right", "row", "column")
    return torch.tensor([[recolour, move, hide, *(others.get(name, MIDDLE) for name in names)]])


def test_without_a_chance_pictures_stay_as_they_are(images: Tensor) -> None:
    assert augment(images, torch.zeros(1, NUM_DRAWS), 0.0) is images
    assert torch.equal(augment(images, draws(), 0.5), images)


@pytest.mark.parametrize(("brightness", "by"), [(0.0, -0.5), (0.75, 0.25)])
def test_brightness_moves_all_pixels_alike(images: Tensor, brightness: float, by: float) -> None:
    torch.testing.assert_close(augment(images, draws(recolour=ALWAYS, brightness=brightness), 0.5), images + by)


def test_no_saturation_leaves_grey_and_contrast_keeps_the_mean(images: Tensor) -> None:
    grey = augment(images, draws(recolour=ALWAYS, saturation=0.0), 0.5)
    torch.testing.assert_close(grey, images.mean(dim=1, keepdim=True).expand_as(images))
    flat = augment(images, draws(recolour=ALWAYS, contrast=0.0), 0.5)
    torch.testing.assert_close(flat.mean(), images.mean())
    torch.testing.assert_close(flat.std(), images.std() / 2)


def test_a_moved_picture_comes_in_grey_by_an_eighth_at_most(images: Tensor) -> None:
    moved = augment(images, draws(move=ALWAYS, down=0.0, right=0.99), 0.5)
    assert torch.equal(moved[:, :, 2:, :-2], images[:, :, :-2, 2:])
    assert not moved[:, :, :2].any()
    assert not moved[:, :, :, -2:].any()


def test_a_quarter_of_a_picture_is_hidden_and_less_at_its_edge(images: Tensor) -> None:
    hidden = augment(images, draws(hide=ALWAYS), 0.5)
    assert not hidden[:, :, 4:12, 4:12].any()
    assert int((hidden != images).sum()) == 3 * 8 * 8
    at_corner = augment(images, draws(hide=ALWAYS, row=0.0, column=0.0), 0.5)
    assert int((at_corner != images).sum()) == 3 * 4 * 4


def test_each_picture_is_changed_by_its_own_draws_and_gradients_reach_it(images: Tensor) -> None:
    both = images.repeat(2, 1, 1, 1).requires_grad_()
    changed = augment(both, torch.cat([draws(), draws(hide=ALWAYS)]), 0.5)
    assert torch.equal(changed[0], both[0])
    changed.sum().backward()
    assert both.grad is not None
    assert both.grad[0].eq(1).all()
    assert both.grad[1].sum() == 3 * (16 * 16 - 8 * 8)
