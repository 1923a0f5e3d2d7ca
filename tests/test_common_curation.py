"""What a critic would keep, and in which order."""

from __future__ import annotations

import numpy as np

from common.curation import Opinions, rank

LOGITS = np.eye(3)[[0, 1, 2, 0]] * 5
SCORES = np.array([1.0, 9.0, 3.0, 2.0])
NOTHING = np.full(4, -1)


def test_the_recognised_come_before_the_others_and_the_real_before_the_less_real() -> None:
    opinions = Opinions(SCORES, LOGITS, None)
    asked = np.array([0, 0, 2, 0])
    assert opinions.recognised(asked, NOTHING).tolist() == [True, False, True, True]
    assert rank(opinions, asked, NOTHING).tolist() == [2, 3, 0, 1]


def test_what_was_not_asked_cannot_be_missed_and_a_style_can() -> None:
    opinions = Opinions(SCORES, LOGITS, LOGITS)
    assert opinions.recognised(NOTHING, NOTHING).all()
    assert opinions.recognised(NOTHING, np.array([0, 0, 2, -1])).tolist() == [True, False, True, True]


def test_opinions_on_batches_join_in_order() -> None:
    parts = [Opinions(SCORES[:1], LOGITS[:1], None), Opinions(SCORES[1:], LOGITS[1:], None)]
    joined = Opinions.joined(parts)
    assert joined.scores.tolist() == SCORES.tolist()
    assert joined.logits("style") is None
    assert np.array_equal(joined.genre_logits, LOGITS)
