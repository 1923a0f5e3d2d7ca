"""Every random draw of the project is a function of a seed, a purpose and a position.

No generator has a state to save: a resumed run draws what the killed one would have drawn, and every
process draws the whole batch and takes its own rows, so that n processes see what one would see.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a draw is for; draws for two purposes are independent. Never renumber: seeds would lose their pictures."""

    LATENT = 0
    STAGE2_NOISE = 1
    REAL_BATCH = 2
    FLIP = 3
    INTERPOLATION = 4
    TRAINING_REQUEST = 5
    EVALUATION_LABELS = 7
    EVALUATION_RESAMPLING = 8
    AUGMENTATION_OF_REAL = 9
    AUGMENTATION_OF_FAKE = 10
    AUGMENTATION_FOR_GENERATOR = 11


def generator_for(seed: int, purpose: Purpose, position: int = 0) -> np.random.Generator:
    """Independent random numbers for one purpose at one position (a training step, a picture's number)."""
    return np.random.default_rng([seed, int(purpose), position])
