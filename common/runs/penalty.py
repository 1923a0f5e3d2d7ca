"""The gradient penalty of a training step, at all of its pictures or at some of them."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor

from common.data.batches import BatchStream
from common.errors import UserError
from common.nn.losses import gradient_penalty, interpolate
from common.randomness import Purpose


def sparse_penalty(
    scores_of: Callable[[Tensor, Int[Tensor, "b_some"]], Float[Tensor, "b_some"]],
    stream: BatchStream,
    update: int,
    every: int,
    real: Float[Tensor, "b 3 h w"],
    fake: Float[Tensor, "b 3 h w"],
    *,
    one_sided: bool,
) -> Float[Tensor, "b"]:
    """The penalty between real and fake at one of `every` pictures, counted as often; 0 at the others.

    `scores_of` is the critic, given pictures and their places among this process's rows of the batch.
    """
    chosen = stream.one_in(every)
    mix = stream.uniform(Purpose.INTERPOLATION, update)
    between = interpolate(real[chosen], fake[chosen], mix[chosen])
    penalty = gradient_penalty(scores_of(between, chosen), between, one_sided=one_sided)
    return penalty.new_zeros(len(real)).index_copy(0, chosen, every * penalty)


def require_penalty_in_every_part(every: int, pictures_of_part: int) -> None:
    """Raise UserError where some parts of a batch would hold more penalised pictures than others."""
    if pictures_of_part % every:
        raise UserError(
            f"loss.penalty_every {every} does not divide the {pictures_of_part} pictures of a part "
            "(training.batch_size over processes and training.accumulation); make it a divisor"
        )
