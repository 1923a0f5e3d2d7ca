"""Random numbers as a function of a seed, a purpose and a position. Every random draw of the project comes from here.

So there is no generator state to save, and a resumed run draws what the killed run would have drawn. Each process
draws for the whole batch and takes its own rows, so that n processes train on the same batch as one.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a draw is for; draws for two purposes are independent. Never renumber: every seed's picture would change."""

    LATENT = 0
    STAGE2_NOISE = 1
    REAL_BATCH = 2
    FLIP = 3
    INTERPOLATION = 4
    TRAINING_REQUEST = 5
    EVALUATION_LABELS = 7
    EVALUATION_RESAMPLING = 8
    VIEW_OF_REAL = 9
    VIEW_OF_FAKE = 10
    VIEW_FOR_GENERATOR = 11
    CLASSIFIER = 12
    ASPECT = 16


def generator_for(seed: int, purpose: Purpose, position: int = 0) -> np.random.Generator:
    """Return the random number generator of one purpose at one position (a training step or a picture's number)."""
    return np.random.default_rng([seed, int(purpose), position])
