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
FURTHEST_SHIFT = 1 / 8
"""Largest translation, as a share of the side."""


def augment(images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b ten"], chance: float) -> Float[Tensor, "b 3 h w"]:
    """Apply colour changes, translation and cutout, each to each picture with probability `chance`.

    `draws` holds `NUM_DRAWS` uniform numbers in [0, 1) for each picture. Nothing here synchronises with the device.
    """
    if chance == 0:
        return images
    recoloured, moved, hidden = (draws[:, place, None, None, None] < chance for place in range(3))
    images = torch.where(recoloured, _recolour(images, draws[:, 3:6]), images)
    images = torch.where(moved, _move(images, draws[:, 6:8]), images)
    return torch.where(hidden, _hide(images, draws[:, 8:10]), images)


def _recolour(images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b 3"]) -> Float[Tensor, "b 3 h w"]:
    """Change brightness by up to a quarter of the range, saturation by a factor of 0 to 2, contrast by 0.5 to 1.5."""
    brightness, saturation, contrast = rearrange(draws, "b k -> k b 1 1 1")
    images = images + (brightness - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = grey + 2 * saturation * (images - grey)
    level = images.mean(dim=(1, 2, 3), keepdim=True)
    return level + (0.5 + contrast) * (images - level)


def _move(images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b 2"]) -> Float[Tensor, "b 3 h w"]:
    """Translate by up to an eighth of the side in each direction; fill with mid-grey."""
    side = images.shape[-1]
    furthest = int(side * FURTHEST_SHIFT)
    padded = torch.nn.functional.pad(images, [furthest] * 4)
    return squares_of(padded, (draws * (2 * furthest + 1)).long(), side)


def _hide(images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b 2"]) -> Float[Tensor, "b 3 h w"]:
    """Cover a square of half the side with mid-grey; its centre is anywhere in the picture (cutout)."""
    side = images.shape[-1]
    places = torch.arange(side, device=images.device)
    offset = places - (draws * side).long()[:, :, None]
    covered = (offset >= -(side // 4)) & (offset < side // 4)
    square = covered[:, 0, :, None] & covered[:, 1, None, :]
    return images * ~square[:, None]
