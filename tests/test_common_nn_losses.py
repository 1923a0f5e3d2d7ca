"""Losses against analytic values and against torch's own."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from common.nn.losses import (
    MAPS_SCALE,
    class_loss,
    correct,
    drift_loss,
    gradient_penalty,
    interpolate,
)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_gradient_penalty_of_a_linear_critic_is_its_squared_weight_norm_less_one() -> None:
    weight = torch.randn(3, 4, 4)
    images = torch.randn(5, 3, 4, 4, requires_grad=True)
    penalty = gradient_penalty((images * weight).sum(dim=(1, 2, 3)), [images])
    torch.testing.assert_close(penalty, ((weight.norm() - 1) ** 2).expand(5))


def test_gradient_penalty_of_a_quadratic_critic_is_each_pictures_own() -> None:
    images = torch.randn(5, 3, 4, 4, requires_grad=True)
    penalty = gradient_penalty(images.square().sum(dim=(1, 2, 3)), [images])
    torch.testing.assert_close(penalty, (2 * images.detach().flatten(1).norm(dim=1) - 1) ** 2)


def test_gradient_penalty_descends_towards_a_critic_of_slope_one() -> None:
    weight = torch.full((1, 1, 2, 2), 3.0, requires_grad=True)
    images = torch.randn(2, 1, 2, 2, requires_grad=True)
    gradient_penalty((images * weight).sum(dim=(1, 2, 3)), [images]).sum().backward()
    # d/dw 2 (|w| - 1)^2 = 4 (|w| - 1) w / |w|, with |w| = 6.
    torch.testing.assert_close(weight.grad, torch.full((1, 1, 2, 2), 4 * 5 * 0.5))


def test_each_view_bounds_its_own_score_and_maps_count_alike_whatever_their_size() -> None:
    pixels, *maps = (torch.randn(2, *shape, requires_grad=True) for shape in ((3, 4, 4), (1, 2, 2), (5, 4, 4)))
    # A gradient of 1 in one pixel, and of 1 / size at each of `size` values of a map; the score is the mean of three.
    scores = 2 * pixels[:, 0, 0, 0]
    for slope, view in zip((1, 4), maps, strict=True):
        scores = scores + slope * MAPS_SCALE * view.mean(dim=(1, 2, 3))
    for slope, expected in ((1.0, (2 - 1) ** 2), (0.5, (2 / 0.5 - 1) ** 2)):
        penalty = gradient_penalty(scores / 3, [pixels, *maps], pixel_slope=slope)
        torch.testing.assert_close(penalty, torch.full((2,), (expected + (1 - 1) ** 2 + (4 - 1) ** 2) / 3))


def test_drift_keeps_the_best_score_at_what_tells_real_from_generated() -> None:
    torch.testing.assert_close(drift_loss(torch.tensor([3.0]), torch.tensor([-1.0])), torch.tensor([5.0]))
    # Where 3 pictures are real and 1 is generated, the best score with weight 0.1 is (3 - 1) / (0.1 x 4).
    score, nothing = torch.tensor([5.0], requires_grad=True), torch.zeros(1)
    loss = score - 3 * score + 0.1 * (3 * drift_loss(score, nothing) + drift_loss(nothing, score))
    loss.sum().backward()
    torch.testing.assert_close(score.grad, torch.zeros(1))


def test_gradient_penalty_of_a_flat_critic_is_one_and_its_gradients_are_finite() -> None:
    weight = torch.ones(3, 4, 4, requires_grad=True)
    images = torch.zeros(2, 3, 4, 4, requires_grad=True)
    penalty = gradient_penalty((images.square() * weight).sum(dim=(1, 2, 3)), [images])
    penalty.sum().backward()
    assert penalty.tolist() == [1, 1]
    assert weight.grad is not None
    assert images.grad is not None
    assert weight.grad.isfinite().all()
    assert images.grad.isfinite().all()


def test_class_loss_is_torchs_cross_entropy_against_indices_and_blends() -> None:
    logits, places = 3 * torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    expected = F.cross_entropy(logits, places, reduction="none")
    torch.testing.assert_close(class_loss(logits[:, None], F.one_hot(places, 4).float()), expected)
    blends = torch.randn(6, 4).softmax(dim=1)
    of_blends = F.cross_entropy(logits, blends, reduction="none")
    torch.testing.assert_close(class_loss(logits[:, None], blends), of_blends)
    two_heads = torch.stack([logits, torch.zeros(6, 4)], dim=1)
    torch.testing.assert_close(class_loss(two_heads, blends), (of_blends + math.log(4)) / 2)


def test_class_loss_of_an_unlabelled_picture_is_zero_and_moves_nothing() -> None:
    logits = torch.randn(2, 3, 4, requires_grad=True)
    loss = class_loss(logits, torch.tensor([[0.0, 0, 0, 0], [1, 0, 0, 0]]))
    loss.sum().backward()
    assert logits.grad is not None
    assert loss[0] == 0
    assert logits.grad[0].abs().max() == 0
    assert logits.grad[1].abs().max() > 0


def test_class_loss_of_half_precision_logits_is_computed_in_single() -> None:
    logits = torch.tensor([[[300.0, 0.0]]], dtype=torch.bfloat16)
    assert class_loss(logits, torch.tensor([[0.0, 1.0]])).item() == 300
    assert class_loss(logits, torch.tensor([[1.0, 0.0]])).item() == 0


def test_correct_is_the_share_of_the_labelled_alone() -> None:
    mean = torch.tensor([[2.0, 1, 0], [0, 2, 1], [2, 1, 0], [2, 1, 0]])
    logits = torch.stack([mean.flip(1), 3 * mean], dim=1)
    labels = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]])
    assert correct(logits, labels).tolist() == [2, 3]
    assert correct(logits[3:], labels[3:]).tolist() == [0, 0]
    assert correct(logits[:, :, :0], labels[:, :0]).tolist() == [0, 0]


def test_interpolated_pictures_lie_between_their_pair_and_start_a_graph_of_their_own() -> None:
    real, fake = torch.randn(3, 1, 2, 2), torch.randn(3, 1, 2, 2)
    between = interpolate(real, fake, torch.tensor([0.0, 0.25, 1.0]))
    torch.testing.assert_close(between.detach(), torch.stack([real[0], 0.75 * real[1] + 0.25 * fake[1], fake[2]]))
    assert between.is_leaf
    assert between.requires_grad
    assert not real.requires_grad
