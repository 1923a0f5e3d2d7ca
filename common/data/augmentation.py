"""Changes made at random to real and generated pictures alike before the critic sees them (Zhao et al. 2020).

A critic that sees the same few paintings again and again learns them by heart; of changed ones it must learn what
stays. As generated pictures are changed as well, and the generator's gradient passes through, it learns to paint none
of the changes.
"""

from __future__ import annotations

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from common.images import squares_of

NUM_DRAWS = 10
"""Random numbers a picture."""
FURTHEST_SHIFT = 1 / 8
"""Of a picture's side."""


def augment(images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b ten"], chance: float) -> Float[Tensor, "b 3 h w"]:
    """Each picture in other colours, moved, and with a square of it hidden: each of the three with chance `chance`.

    `draws` are from [0, 1), `NUM_DRAWS` a picture. Nothing waits for the device.
    """
    if chance == 0:
        return images
    recoloured, moved, hidden = (draws[:, place, None, None, None] < chance for place in range(3))
    images = torch.where(recoloured, _recolour(images, draws[:, 3:6]), images)
    images = torch.where(moved, _move(images, draws[:, 6:8]), images)
    return torch.where(hidden, _hide(images, draws[:, 8:10]), images)


def _recolour(images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b 3"]) -> Float[Tensor, "b 3 h w"]:
    """Brightness up or down by up to a quarter of the range, saturation 0 to 2 times, contrast 0.5 to 1.5 times."""
    brightness, saturation, contrast = rearrange(draws, "b k -> k b 1 1 1")
    images = images + (brightness - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = grey + 2 * saturation * (images - grey)
    level = images.mean(dim=(1, 2, 3), keepdim=True)
    return level + (0.5 + contrast) * (images - level)


def _move(images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b 2"]) -> Float[Tensor, "b 3 h w"]:
    """By up to an eighth of a side either way; what comes in is mid-grey."""
    side = images.shape[-1]
    furthest = int(side * FURTHEST_SHIFT)
    padded = torch.nn.functional.pad(images, [furthest] * 4)
    return squares_of(padded, (draws * (2 * furthest + 1)).long(), side)


def _hide(images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b 2"]) -> Float[Tensor, "b 3 h w"]:
    """Behind a mid-grey square of half the side, whose middle is anywhere in the picture."""
    side = images.shape[-1]
    places = torch.arange(side, device=images.device)
    offset = places - (draws * side).long()[:, :, None]
    covered = (offset >= -(side // 4)) & (offset < side // 4)
    square = covered[:, 0, :, None] & covered[:, 1, None, :]
    return images * ~square[:, None]
