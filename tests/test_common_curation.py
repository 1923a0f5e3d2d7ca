"""What a critic would keep, and in which order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from common.curation import (
    Opinions,
    choose,
    favourites,
    judgement,
    likeness,
    passed_over,
    probability,
    rank,
    thumbnails,
    thumbnails_of,
)
from common.data.dataset import UNLABELLED

LOGITS = np.eye(3)[[0, 1, 2, 0]] * 5
SCORES = np.array([1.0, 9.0, 3.0, 2.0])
NOTHING = np.zeros((4, 3))


def test_the_surest_come_first_however_real() -> None:
    logits = np.array([[9.0, 0, 0], [1, 0, 0], [7, 0, 0], [3, 0, 0], [5, 0, 0]])
    opinions, nothing = Opinions(np.array([1.0, 9.0, 3.0, 2.0, 5.0]), logits, None), np.zeros((5, 3))
    assert rank(opinions, np.eye(3)[[0] * 5], nothing).tolist() == [0, 2, 4, 3, 1]
    assert rank(opinions, np.eye(3)[[1] * 5], nothing).tolist() == [1, 3, 4, 2, 0]


def test_the_surest_of_genre_and_style_together_come_first() -> None:
    opinions = Opinions(np.zeros(3), np.array([[4.0, 0], [2, 0], [3, 0]]), np.array([[0.0, 4], [2, 0], [3, 0]]))
    asked = np.eye(2)[[0] * 3]
    assert rank(opinions, asked, asked).tolist() == [2, 1, 0]


def test_where_nothing_was_asked_realness_alone_counts_and_a_style_counts_too() -> None:
    assert rank(Opinions(SCORES, LOGITS, LOGITS), NOTHING, NOTHING).tolist() == [1, 2, 3, 0]
    assert rank(Opinions(SCORES, LOGITS, LOGITS), NOTHING, np.eye(3)[[2, 2, 2, 2]]).tolist() == [2, 1, 3, 0]
    assert rank(Opinions(SCORES, LOGITS[:, :0], None), NOTHING[:, :0], NOTHING).tolist() == [1, 2, 3, 0]


def test_opinions_on_batches_join_in_order() -> None:
    parts = [Opinions(SCORES[:1], LOGITS[:1], None), Opinions(SCORES[1:], LOGITS[1:], None)]
    joined = Opinions.joined(parts)
    assert joined.scores.tolist() == SCORES.tolist()
    assert joined.logits("style") is None
    assert np.array_equal(joined.genre_logits, LOGITS)


def test_of_a_blend_either_label_will_do() -> None:
    blend = np.array([[0.5, 0.0, 0.5]] * 4)
    # The others show one of the two, and none is surer than another.
    assert rank(Opinions(SCORES, LOGITS, None), blend, NOTHING).tolist()[-1] == 1


def test_a_judgement_says_realness_probabilities_and_rank() -> None:
    opinions, order = Opinions(SCORES, LOGITS, LOGITS[:, :2]), np.array([2, 0, 1, 3])
    portrait, cubism = np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 1.0]])
    expected = {"realness": "9", "genre_probability": "0.0066", "style_probability": "0.9933", "rank": "3 of 4"}
    assert judgement(opinions, portrait, cubism, order, 1) == expected
    assert "style_probability" not in judgement(opinions, portrait, 0 * cubism, order, 1)


def test_the_probability_of_a_blend_is_that_of_all_its_labels() -> None:
    logits = np.log(np.array([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]])) + 700
    asked = np.array([[0.3, 0.0, 0.7], [0.3, 0.0, 0.7]])
    assert probability(logits, asked).tolist() == pytest.approx([6 / 8, 3 / 4])
    assert probability(logits, np.zeros((2, 3))).tolist() == [1, 1]


def test_variety_passes_over_what_looks_like_one_already_kept() -> None:
    small = np.array([[0.0], [50.0], [0.1], [100.0], [50.1], [0.2]])
    order = np.arange(6)
    assert choose(order, None, 3).tolist() == [0, 1, 2]
    assert choose(order, small, 3).tolist() == [0, 1, 3]
    assert choose(order, small, 6).tolist() == [0, 1, 3, 2, 4, 5]


def test_thumbnails_are_near_for_like_pictures() -> None:
    noise = torch.randint(0, 20, (3, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    noise[2, :, 32:] += 200
    first, second, third = thumbnails(noise)
    assert first.shape == (192,)
    assert np.linalg.norm(first - second) < np.linalg.norm(first - third) / 10


def test_favourites_are_the_best_of_each_label_however_low_a_label_scores() -> None:
    asked = np.repeat([0, 1, UNLABELLED], 40)
    order = np.concatenate([np.arange(40), np.arange(119, 79, -1), np.arange(40, 80)])
    assert favourites(order, asked).tolist() == [0, 1, 119, 118, 40, 41]
    assert favourites(np.array([2, 0, 1]), np.array([0, 0, 0])).tolist() == [2]


def test_favourites_are_held_against_their_own_requests() -> None:
    asked = np.array([0, 1, 0, 2, 1, 2, 0])
    assert passed_over(np.array([6, 1]), asked).tolist() == [0, 2, 4]


def test_likeness_follows_where_light_and_colours_lie() -> None:
    bright_above, bright_below = np.zeros((2, 3, 8, 8), np.uint8)
    bright_above[:, :4] = bright_below[:, 4:] = 200
    small = thumbnails(torch.from_numpy(np.stack([bright_above, bright_below])))
    darker = Image.fromarray(bright_above.transpose(1, 2, 0) // 2).resize((300, 200), Image.Resampling.NEAREST)
    assert likeness(small, thumbnails_of([darker])) == pytest.approx([1, -1], abs=1e-3)
    assert likeness(small, thumbnails_of([])).tolist() == [0, 0]


def test_a_shift_moves_what_the_critic_is_less_sure_of_to_the_front() -> None:
    opinions = Opinions(np.zeros(2), np.array([[2.0, 0.0], [1.0, 0.0]]), None)
    asked = np.array([[1.0, 0.0]] * 2), np.zeros((2, 0))
    assert rank(opinions, *asked).tolist() == [0, 1]
    assert rank(opinions, *asked, np.array([0.0, 0.5])).tolist() == [1, 0]
