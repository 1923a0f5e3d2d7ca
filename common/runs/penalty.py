"""The gradient penalty of a training step, for all pictures or for one in N."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor

from common.data.batches import BatchStream
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
    """Return the penalty between real and fake for one in `every` pictures, times `every`; 0 for the others.

    `scores_of` returns the critic's scores of pictures, given also their indices among this process's rows.
    """
    chosen = stream.one_in(every)
    mix = stream.uniform(Purpose.INTERPOLATION, update)
    between = interpolate(real[chosen], fake[chosen], mix[chosen])
    penalty = gradient_penalty(scores_of(between, chosen), between, one_sided=one_sided)
    return penalty.new_zeros(len(real)).index_copy(0, chosen, every * penalty)
