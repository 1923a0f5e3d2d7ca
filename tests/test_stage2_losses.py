"""Stage II's objective against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from stage2.losses import (
    KEPT_LAYOUT,
    correlation,
    critic_loss,
    label_loss,
    lattice,
    layout_correlation,
    layout_distance,
    reduced_distance,
    wrong_styles,
)


def test_the_critics_loss_wants_fakes_and_wrong_styles_below_the_real() -> None:
    loss = critic_loss(
        real_scores=torch.tensor([3.0, 3.0]),
        fake_scores=torch.tensor([1.0, 1.0]),
        wrong_scores=torch.tensor([2.0, 2.0]),
        wrong=torch.tensor([1.0, 0.0]),
        penalty=torch.tensor([0.1, 0.1]),
        wrong_weight=0.5,
        penalty_weight=10.0,
        drift_weight=0.2,
    )
    torch.testing.assert_close(
        loss, torch.tensor([-2 + 0.5 * math.log(1 + math.exp(-1)) + 1 + 0.2 * 5, -2.0 + 1 + 0.2 * 5])
    )


def test_two_styles_told_apart_are_not_driven_further_apart() -> None:
    gap = torch.tensor([0.0, 20.0], requires_grad=True)
    nothing = torch.zeros(2)
    weights = {"wrong_weight": 1.0, "penalty_weight": 10.0, "drift_weight": 0.0}
    loss = critic_loss(gap, gap, nothing, torch.ones(2), nothing, **weights)
    (pull,) = torch.autograd.grad(loss.sum(), gap)
    torch.testing.assert_close(pull, torch.tensor([-0.5, 0.0]))


def test_labels_cost_both_cross_entropies_and_nothing_where_they_are_missing() -> None:
    genre_logits, style_logits = torch.randn(2, 3), torch.randn(2, 5)
    genres = torch.stack([torch.eye(3)[1], torch.zeros(3)])
    styles = torch.stack([torch.eye(5)[4], torch.eye(5)[0]])
    expected = F.cross_entropy(style_logits, torch.tensor([4, 0]), reduction="none")
    expected[0] += F.cross_entropy(genre_logits[:1], torch.tensor([1]))
    torch.testing.assert_close(label_loss(genre_logits[:, None], genres, style_logits[:, None], styles), expected)


def test_layout_is_where_light_and_shade_lie_whatever_the_colours() -> None:
    torch.manual_seed(0)
    small = F.interpolate(torch.rand(1, 3, 8, 8) - 0.5, size=(64, 64))
    grey = small.mean(dim=1, keepdim=True)
    recoloured = 0.3 + grey * torch.tensor([1.5, 0.2, 0.7])[:, None, None]
    large = F.interpolate(recoloured, size=(128, 128)) + 0.1 * torch.randn(1, 3, 128, 128)
    assert layout_correlation(small, large) > 0.95
    assert layout_distance(small, large) == 0
    mirrored = large.flip(3)
    torch.testing.assert_close(layout_distance(small, mirrored), KEPT_LAYOUT - layout_correlation(small, mirrored))
    assert layout_distance(small, mirrored) > 0.3
    torch.testing.assert_close(layout_correlation(small, -large), -layout_correlation(small, large))


def test_a_picture_brought_down_is_compared_with_the_small_one() -> None:
    torch.manual_seed(0)
    small = F.interpolate(torch.rand(2, 3, 16, 16) - 0.5, size=(64, 64), mode="bicubic")
    large = F.interpolate(small, size=(256, 256), mode="bicubic")
    assert reduced_distance(small, large).max() < 0.002
    # Detail finer than the small picture's pixels is free.
    assert reduced_distance(small, large + 0.3 * (torch.arange(256) % 2 * 2.0 - 1)).max() < 0.005
    torch.testing.assert_close(reduced_distance(small, large + 0.1), torch.full((2,), 0.1), atol=0.002, rtol=0)


def test_a_lattice_is_what_repeats_in_every_cell_of_a_picture() -> None:
    torch.manual_seed(0)
    cell = torch.randn(1, 3, 8, 8)
    images = F.interpolate(torch.randn(2, 3, 8, 8), size=(256, 256), mode="bicubic")
    of_four = cell.unflatten(2, (2, 4)).unflatten(4, (2, 4)).mean(dim=(2, 4))
    expected = sum(part.var(dim=(2, 3), correction=0).mean() for part in (cell, of_four))
    assert lattice(images).max() < expected / 1000
    repeated = 0.1 * cell.tile(1, 1, 32, 32)
    torch.testing.assert_close(lattice(images + repeated), (expected / 100).expand(2), atol=0, rtol=0.05)


def test_content_is_what_lies_where_whatever_each_channels_mean() -> None:
    torch.manual_seed(0)
    maps = torch.randn(2, 5, 8, 8)
    torch.testing.assert_close(correlation(maps, 3 * maps + torch.randn(2, 5, 1, 1)), torch.ones(2), atol=1e-3, rtol=0)
    assert correlation(maps, maps.flip(3)).abs().max() < 0.3
    assert correlation(maps, torch.full_like(maps, 0.5)).abs().max() == 0


def test_wrong_styles_are_others_and_the_batchs_own_in_another_order() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        styles = random.integers(0, 4, 24)
        if np.bincount(styles).max() > 12:
            continue
        wrong = wrong_styles(styles, -1)
        assert (wrong != styles).all()
        assert sorted(wrong) == sorted(styles)


def test_no_wrong_style_is_made_up_where_there_is_none() -> None:
    assert list(wrong_styles(np.array([2, 2, 2]), -1)) == [-1, -1, -1]
    assert list(wrong_styles(np.array([-1, -1]), -1)) == [-1, -1]
    wrong = wrong_styles(np.array([-1, 0, 1, -1]), -1)
    assert list(wrong) == [-1, 1, 0, -1]
