"""Stage I's objective against numbers worked out by hand."""

from __future__ import annotations

import math

import torch

from stage1.losses import critic_loss, generator_loss

UNIFORM = torch.zeros(2, 3, 4)
"""Logits of three heads."""
FIRST = torch.eye(4)[[0, 0]]
LOG4 = math.log(4)


def test_the_critics_loss_is_the_sum_of_its_weighted_terms() -> None:
    loss = critic_loss(
        real_scores=torch.tensor([3.0, 0.0]),
        fake_scores=torch.tensor([1.0, 5.0]),
        penalty=torch.tensor([0.5, 0.0]),
        real_logits=UNIFORM,
        real_genres=FIRST,
        penalty_weight=10.0,
        drift_weight=0.2,
        genre_weight=2.0,
    )
    torch.testing.assert_close(loss, torch.tensor([1 - 3 + 5 + 0.2 * 5 + 2 * LOG4, 5 - 0 + 0 + 0.2 * 12.5 + 2 * LOG4]))


def test_an_unlabelled_painting_takes_part_in_all_but_the_class_term() -> None:
    scores = torch.tensor([1.0, 1.0])
    labels = torch.stack([torch.eye(4)[0], torch.zeros(4)])
    weights = {"penalty_weight": 10.0, "drift_weight": 0.0, "genre_weight": 1.0}
    loss = critic_loss(scores, 2 * scores, scores, UNIFORM, labels, **weights)
    torch.testing.assert_close(loss, torch.tensor([11 + LOG4, 11.0]))


def test_the_generator_wants_high_scores_and_the_asked_genre() -> None:
    loss = generator_loss(torch.tensor([3.0, -1.0]), UNIFORM, FIRST, genre_weight=0.5)
    torch.testing.assert_close(loss, torch.tensor([-3 + 0.5 * LOG4, 1 + 0.5 * LOG4]))
