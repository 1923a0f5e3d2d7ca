"""How much the pictures of one genre differ, beside how much paintings of that genre do: what a collapse lowers first.

A run that paints one picture a genre can have an untroubled loss; `stage1.training` logs this figure beside it.
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
"""Side, in pixels, at which pictures are compared: composition and colours, not texture, which noise can feign."""
PAINTINGS = 64
"""Most paintings a genre that stand for all of them."""


def spread(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
    """Variance over the pictures of a pixel and colour of their layout, on average; 0 of a single picture."""
    if len(images) < 2:
        return images.new_zeros(())
    return F.adaptive_avg_pool2d(images.float(), LAYOUT).var(dim=0).mean()


def spread_of_paintings(split: Split, num_genres: int) -> Float[Tensor, "k"]:
    """The spread of the paintings of each genre; of all paintings in every place where those of a genre are alike."""
    everything = spread(to_float(split.pictures(np.arange(len(split))[:: max(len(split) // PAINTINGS, 1)])))
    groups = [np.flatnonzero(split.genres == genre)[:PAINTINGS] for genre in range(num_genres)]
    spreads = [spread(to_float(split.pictures(group))) if len(group) > 1 else everything for group in groups]
    return torch.stack([own if own > 0 else everything for own in spreads])
