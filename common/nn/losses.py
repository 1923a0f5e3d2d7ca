"""Losses that both stages share. Each returns one value for each picture."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

MAPS_SCALE = 10.0
"""The score of a map may change by this much where the map changes by its standard deviation."""


def gradient_penalty(
    scores: Float[Tensor, "b"],
    views: Sequence[Float[Tensor, "b _c _h _w"]],
    *,
    pixel_slope: float = 1.0,
) -> Float[Tensor, "b"]:
    """Squared distance from 1 of each picture's gradient norm (Gulrajani et al. 2017, eq. 3).

    `views` must require gradients, and each score must depend on its own picture only.

    The first view is the pixels; their norm is Euclidean, divided by `pixel_slope`. Maps of a frozen network may
    follow. Of m views the score is the mean of m scores, each of its own view, and the penalty is the mean of their
    penalties: so each bounds its own score, and no view takes the slope of another. In a map of n values the norm is
    `sqrt(n) / MAPS_SCALE * |gradient|`: it is dual to `MAPS_SCALE` times the root of the mean squared difference, so
    each map counts alike, whatever its size.
    """
    gradients = torch.autograd.grad(scores.sum(), list(views), create_graph=True)
    pixels, *maps = [len(views) * gradient.float().flatten(1) for gradient in gradients]
    flat = [pixels / pixel_slope, *(part * part.shape[1] ** 0.5 / MAPS_SCALE for part in maps)]
    # At a zero vector `norm` has gradient zero; the square root of a sum of squares has NaN.
    return (torch.stack([part.norm(2, dim=1) for part in flat]) - 1).square().mean(dim=0)


def drift_loss(real_scores: Float[Tensor, "b"], fake_scores: Float[Tensor, "b"]) -> Float[Tensor, "b"]:
    """Half the sum of both squared scores (Karras et al. 2018, appendix A.1, use the real scores only).

    The Wasserstein loss depends only on the difference of the scores, and the penalty allows a slope of 1 in any
    direction. Without this loss the scores spread much further than real and generated pictures differ, and the critic
    pushes all pictures one way, then another. With weight epsilon the optimal score is
    `(p_real - p_fake) / (epsilon (p_real + p_fake))`, as in a least-squares GAN.
    """
    return (real_scores.square() + fake_scores.square()) / 2


def class_loss(logits: Float[Tensor, "b h k"], labels: Float[Tensor, "b k"]) -> Float[Tensor, "b"]:
    """Cross-entropy against one-hot or soft labels (Odena et al. 2017, eq. 3), the mean of all heads'.

    It is 0 if unlabelled (all zeros). Each head has to see the label by itself: of mean logits, a generator can satisfy
    one head by marks that nobody else takes for the label.
    """
    return -(labels[:, None] * logits.float().log_softmax(dim=2)).sum(dim=2).mean(dim=1)


def correct(logits: Float[Tensor, "b h k"], labels: Float[Tensor, "b k"]) -> Float[Tensor, "2"]:
    """Return the number of labelled pictures of which a label has the highest logit, and that of labelled pictures.

    The logits are the mean of all heads'.
    """
    labelled = labels.sum(dim=1) > 0
    if logits.shape[2] == 0:
        return logits.new_zeros(2)
    hits = labels.gather(1, logits.mean(dim=1).argmax(dim=1, keepdim=True)).squeeze(1) > 0
    return torch.stack([hits.sum(), labelled.sum()]).to(torch.float32)


def interpolate(
    real: Float[Tensor, "b c h w"], fake: Float[Tensor, "b c h w"], mix: Float[Tensor, "b"]
) -> Float[Tensor, "b c h w"]:
    """Interpolate between pairs of real (mix 0) and fake (mix 1) pictures; the result requires gradients."""
    return torch.lerp(real, fake, mix[:, None, None, None]).requires_grad_()
