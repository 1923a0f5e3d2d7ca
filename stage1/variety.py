"""Measure how much the pictures of one genre differ, relative to its paintings. Mode collapse lowers this first.

A run that paints the same picture for a whole genre can have a normal loss, so `stage1.training` logs this figure too.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from common.data.dataset import Split
from common.images import to_float

LAYOUT = 16
"""Side, in pixels, to which pictures are reduced, so that composition and colours count and texture or noise do not."""
PAINTINGS = 64
"""Largest number of paintings of each genre that are measured."""


def spread(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
    """Return the mean variance, over the pictures, of each colour value at `LAYOUT` pixels; 0 for a single picture."""
    if len(images) < 2:
        return images.new_zeros(())
    return F.adaptive_avg_pool2d(images.float(), LAYOUT).var(dim=0).mean()


def spread_of_paintings(split: Split, num_genres: int) -> Float[Tensor, "k"]:
    """Return the spread of each genre's paintings. If it is 0, take the spread of all paintings instead."""
    everything = spread(to_float(split.pictures(np.arange(len(split))[:: max(len(split) // PAINTINGS, 1)])))
    groups = [np.flatnonzero(split.genres == genre)[:PAINTINGS] for genre in range(num_genres)]
    spreads = [spread(to_float(split.pictures(group))) if len(group) > 1 else everything for group in groups]
    return torch.stack([own if own > 0 else everything for own in spreads])
