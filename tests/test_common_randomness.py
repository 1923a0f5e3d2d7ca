"""Draws as functions of a seed, a purpose and a position."""

from __future__ import annotations

import itertools

import numpy as np

from common.randomness import Purpose, generator_for


def test_a_draw_is_the_same_whenever_it_is_made() -> None:
    first = generator_for(3, Purpose.FLIP, 7)
    first.random(100)
    again = generator_for(3, Purpose.FLIP, 7).random(5)
    assert np.array_equal(again, generator_for(3, Purpose.FLIP, 7).random(5))
    assert not np.array_equal(again, first.random(5))


def test_seeds_purposes_and_positions_draw_apart() -> None:
    draws = {
        generator_for(seed, purpose, position).random()
        for seed, purpose, position in itertools.product(range(3), Purpose, range(3))
    }
    assert len(draws) == 3 * len(Purpose) * 3


def test_a_published_seed_keeps_its_numbers() -> None:
    assert Purpose.LATENT == 0
    assert Purpose.STAGE2_NOISE == 1
    assert Purpose.EVALUATION_LABELS == 7
    assert generator_for(7, Purpose.LATENT).integers(0, 1000, 4).tolist() == [944, 625, 684, 897]
