"""Stage II's losses, one value per picture. Terms that both stages share are in `common.nn.losses`."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from einops import reduce
from jaxtyping import Float, Int
from torch import Tensor

from common.nn.losses import class_loss, drift_loss

LATTICE_PERIODS = (4, 8)
KEPT_LAYOUT = 0.8
"""Correlation of brightness from which on a layout counts as kept."""


def critic_loss(
    real_scores: Float[Tensor, "b"],
    fake_scores: Float[Tensor, "b"],
    wrong_scores: Float[Tensor, "b"],
    wrong: Float[Tensor, "b"],
    penalty: Float[Tensor, "b"],
    *,
    wrong_weight: float,
    penalty_weight: float,
    drift_weight: float,
) -> Float[Tensor, "b"]:
    """`s(fake, t) - s(real, t) + lambda penalty + epsilon drift + omega softplus(s(real, t') - s(real, t))`.

    The last term is the matching-aware pair of Reed et al. (2016, algorithm 1): a real painting with a wrong style t'
    must score below the same painting with its own style; `wrong` is 1 if there is such a pair. The softplus levels off
    once the critic tells the two apart. A plain difference would grow without bound and drown the realness, because the
    penalty limits the slope only between real and fake pictures.
    """
    matching = wrong * F.softplus(wrong_scores - real_scores)
    realness = fake_scores - real_scores + penalty_weight * penalty
    return realness + drift_weight * drift_loss(real_scores, fake_scores) + wrong_weight * matching


def label_loss(
    genre_logits: Float[Tensor, "b h k"],
    genres: Float[Tensor, "b k"],
    style_logits: Float[Tensor, "b h s"],
    styles: Float[Tensor, "b s"],
) -> Float[Tensor, "b"]:
    """Sum of both labels' cross-entropies; a missing label costs nothing."""
    return class_loss(genre_logits, genres) + class_loss(style_logits, styles)


def layout_distance(small: Float[Tensor, "b 3 h w"], large: Float[Tensor, "b 3 size size"]) -> Float[Tensor, "b"]:
    """How far the layout's correlation is below `KEPT_LAYOUT`; 0 above it."""
    return (KEPT_LAYOUT - layout_correlation(small, large)).relu()


def layout_correlation(small: Float[Tensor, "b 3 h w"], large: Float[Tensor, "b 3 size size"]) -> Float[Tensor, "b"]:
    """Correlate the brightness of both pictures, reduced to 16x16 pixels: 1 if light and shade lie alike."""
    one, other = (F.avg_pool2d(part.mean(dim=1, keepdim=True), part.shape[-1] // 16) for part in (small, large))
    return correlation(one, other)


def reduced_distance(small: Float[Tensor, "b 3 h w"], large: Float[Tensor, "b 3 size size"]) -> Float[Tensor, "b"]:
    """Mean absolute distance between the small picture and the large one, reduced as sharply as datasets are."""
    reduced = F.interpolate(large, size=small.shape[-2:], mode="bicubic", antialias=True)
    return (reduced - small).abs().mean(dim=(1, 2, 3))


def lattice(images: Float[Tensor, "b 3 size size"]) -> Float[Tensor, "b"]:
    """Mean square of the pattern that repeats every 4 pixels in a picture, plus that of every 8.

    A generator that doubles sizes leaves one in the same place of every picture, which a critic of random squares
    overlooks. Real paintings have next to none.
    """
    patterns = [reduce(images, "b c (h p) (w q) -> b c p q", "mean", p=period, q=period) for period in LATTICE_PERIODS]
    return torch.stack([part.var(dim=(2, 3), correction=0).mean(dim=1) for part in patterns]).sum(dim=0)


def correlation(one: Float[Tensor, "b c h w"], other: Float[Tensor, "b c h w"]) -> Float[Tensor, "b"]:
    """Correlate maps over their places: 1 if the same things lie in the same places, whatever each channel's mean."""
    one, other = ((part - part.mean(dim=(2, 3), keepdim=True)).flatten(1) for part in (one, other))
    # On even ground there is nothing to keep.
    return (one * other).sum(dim=1) / (one.norm(dim=1) * other.norm(dim=1) + 1e-3)


def wrong_styles(styles: Int[np.ndarray, "b"], unlabelled: int) -> Int[np.ndarray, "b"]:
    """Return a wrong style for each painting of a batch; `unlabelled` if there is none.

    The wrong styles are the batch's own styles in another order. If they were drawn independently, some styles would be
    wrong more often than right, and the critic could score by the label alone, which no gradient penalty prevents.
    """
    wrong = np.full_like(styles, unlabelled)
    labelled = np.flatnonzero(styles != unlabelled)
    by_style = labelled[np.argsort(styles[labelled], kind="stable")]
    # Half the sorted batch further there is another style, unless one style fills more than half of it.
    opposite = np.roll(by_style, len(by_style) // 2)
    different = styles[by_style] != styles[opposite]
    wrong[by_style[different]] = styles[opposite[different]]
    return wrong
