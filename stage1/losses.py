"""Stage I's losses, one value for each picture. `common.nn.losses` has the terms that both stages share."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from common.nn.losses import class_loss, drift_loss


def critic_loss(
    real_scores: Float[Tensor, "b"],
    fake_scores: Float[Tensor, "b"],
    penalty: Float[Tensor, "b"],
    real_logits: Float[Tensor, "b h k"],
    real_genres: Float[Tensor, "b k"],
    *,
    penalty_weight: float,
    drift_weight: float,
    genre_weight: float,
) -> Float[Tensor, "b"]:
    """`s(fake) - s(real) + lambda penalty + epsilon drift + alpha_D CE(c(real), y)`.

    Gulrajani et al. (2017, eq. 3), with the class loss of Odena et al. (2017, eq. 3).
    """
    realness = fake_scores - real_scores + penalty_weight * penalty
    realness = realness + drift_weight * drift_loss(real_scores, fake_scores)
    return realness + genre_weight * class_loss(real_logits, real_genres)


def generator_loss(
    fake_scores: Float[Tensor, "b"],
    fake_logits: Float[Tensor, "b h k"],
    fake_genres: Float[Tensor, "b k"],
    *,
    genre_weight: float,
) -> Float[Tensor, "b"]:
    """`-s(fake) + alpha_G CE(c(fake), requested genre)`."""
    return -fake_scores + genre_weight * class_loss(fake_logits, fake_genres)
