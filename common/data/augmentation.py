"""Differentiable augmentation of both real and generated pictures before the critic sees them (Zhao et al. 2020).

Without it, a critic that sees few paintings many times memorises them. Generated pictures are augmented too and the
gradient passes through, so the generator does not learn to paint the augmentations.
"""

from __future__ import annotations

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from common.images import squares_of

NUM_DRAWS = 10
"""Random numbers that `augment` needs for each picture."""


def augment(images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b ten"], chance: float) -> Float[Tensor, "b 3 h w"]:
    """Apply colour changes, translation and cutout, each to each picture with probability `chance`.

    `draws` holds `NUM_DRAWS` uniform numbers in [0, 1) for each picture. Nothing here synchronises with the device.
    """
    if chance == 0:
        return images
    recoloured, moved, hidden = (draws[:, place, None, None, None] < chance for place in range(3))
    side = images.shape[-1]

    # Change brightness by up to a quarter of the range, saturation by a factor of 0 to 2, contrast by 0.5 to 1.5.
    brightness, saturation, contrast = rearrange(draws[:, 3:6], "b k -> k b 1 1 1")
    changed = images + (brightness - 0.5)
    grey = changed.mean(dim=1, keepdim=True)
    changed = grey + 2 * saturation * (changed - grey)
    level = changed.mean(dim=(1, 2, 3), keepdim=True)
    images = torch.where(recoloured, level + (0.5 + contrast) * (changed - level), images)

    # Translate by up to an eighth of the side in each direction; fill with mid-grey.
    furthest = side // 8
    padded = torch.nn.functional.pad(images, [furthest] * 4)
    images = torch.where(moved, squares_of(padded, (draws[:, 6:8] * (2 * furthest + 1)).long(), side), images)

    # Cover a square of half the side with mid-grey; its centre is anywhere in the picture (cutout).
    offset = torch.arange(side, device=images.device) - (draws[:, 8:10] * side).long()[:, :, None]
    covered = (offset >= -(side // 4)) & (offset < side // 4)
    square = covered[:, 0, :, None] & covered[:, 1, None, :]
    return torch.where(hidden, images * ~square[:, None], images)
