"""Losses that both stages share: tensors in, one value a picture out."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def gradient_penalty(
    scores: Float[Tensor, "b"], images: Float[Tensor, "b c h w"], *, one_sided: bool = False
) -> Float[Tensor, "b"]:
    """Squared distance from 1 of each picture's gradient norm (Gulrajani et al. 2017, eq. 3).

    `one_sided` lets norms below 1 alone (Petzka et al. 2018): a critic need not slope where it sees no difference.

    `scores` must come from `images`, which must require gradients, and from each picture alone.
    """
    (gradients,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    # `norm` has a zero gradient at a zero vector, where the square root of a sum of squares has NaN.
    norms = gradients.float().flatten(1).norm(2, dim=1)
    excess = norms - 1
    return (excess.relu() if one_sided else excess).square()


def drift_loss(real_scores: Float[Tensor, "b"], fake_scores: Float[Tensor, "b"]) -> Float[Tensor, "b"]:
    """Half the squares of both scores (Karras et al. 2018, appendix A.1, of real ones alone).

    The realness tells of their difference alone, and a slope of 1 in any direction costs nothing: without this,
    scores spread far wider than real and generated differ, and the critic pushes all pictures one way, then another.
    With weight epsilon the best score is `(p_real - p_fake) / (epsilon (p_real + p_fake))`, as least squares have it.
    """
    return (real_scores.square() + fake_scores.square()) / 2


def class_loss(logits: Float[Tensor, "b k"], labels: Float[Tensor, "b k"]) -> Float[Tensor, "b"]:
    """Cross-entropy against points of the simplex (Odena et al. 2017, eq. 3); unlabelled, all zeros, costs 0."""
    return -(labels * logits.float().log_softmax(dim=1)).sum(dim=1)


def doubt_loss(logits: Float[Tensor, "b k"]) -> Float[Tensor, "b"]:
    """Cross-entropy against all classes alike, which a critic that is sure of a generated picture's class pays.

    After Springenberg 2016, section 3. A critic that learns classes from real paintings alone takes speckle that no
    painter made for a class, and the generator learns that speckle.
    """
    return -logits.float().log_softmax(dim=1).sum(dim=1) / max(logits.shape[1], 1)


def correct(logits: Float[Tensor, "b k"], labels: Float[Tensor, "b k"]) -> Float[Tensor, "2"]:
    """How many labelled pictures have the asked class as their most likely one, and how many are labelled."""
    labelled = labels.sum(dim=1) > 0
    if logits.shape[1] == 0:
        return logits.new_zeros(2)
    hits = (logits.argmax(dim=1) == labels.argmax(dim=1)) & labelled
    return torch.stack([hits.sum(), labelled.sum()]).to(torch.float32)


def interpolate(
    real: Float[Tensor, "b c h w"], fake: Float[Tensor, "b c h w"], mix: Float[Tensor, "b"]
) -> Float[Tensor, "b c h w"]:
    """Points on the straight lines between pairs of real and fake pictures; they require gradients."""
    return torch.lerp(real, fake, mix[:, None, None, None]).requires_grad_()
