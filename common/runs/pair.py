"""A generator and its critic in training, with their optimizers and averaged weights.

Each stage defines its own losses. Updates, the schedule and the contents of a checkpoint are the same for both stages.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast, convert_to_fp32
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim import Adam

from common.data.batches import BatchStream
from common.errors import UserError
from common.nn.averaging import update_average
from common.nn.losses import gradient_penalty, interpolate
from common.randomness import Purpose
from common.runs.config import OptimizerSettings, StageSettings

Loss = tuple[Tensor, Mapping[str, Tensor]]
"""Mean loss over some pictures, and figures about them.

A figure is a mean over all of these pictures, or two values if it concerns only some of them: a sum and their number.
"""
LossOfPart = Callable[[BatchStream, int], Loss]
"""Returns the loss on a part of this process's rows of batch number n."""


class AdversarialPair:
    """Both networks of one stage, on this process's device. All processes start with the same weights."""

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        accelerator: Accelerator,
        settings: StageSettings,
        *,
        critic_loss: LossOfPart,
        generator_loss: LossOfPart,
    ) -> None:
        """Raise UserError if the batch cannot be divided over processes and parts."""
        self._accelerator = accelerator
        self._schedule, self._loss = settings.training, settings.loss
        self._losses = {"generator": generator_loss, "critic": critic_loss}
        self.parts = parts_of_process(settings, accelerator)
        """The parts of this process's share of a batch; it computes one part at a time."""
        self.generator = generator.to(accelerator.device)
        self.critic = critic.to(accelerator.device)
        with torch.no_grad():
            for network in (generator, critic):
                broadcast([*network.parameters(), *network.buffers()])
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.average_critic = copy.deepcopy(self.critic).eval().requires_grad_(False)
        """Judges held-out paintings better than the critic of any one step, which follows its current generator."""
        names = ("generator", "critic", "average", "average_critic")
        self.modules: dict[str, nn.Module] = {name: getattr(self, name) for name in names}
        """The networks that a checkpoint stores."""
        self.optimizers = {
            "generator_optimizer": _adam(self.generator, settings.generator_optimizer),
            "critic_optimizer": _adam(self.critic, settings.critic_optimizer),
        }
        """The optimizers that a checkpoint stores."""
        self._rates = {
            "generator_optimizer": settings.generator_optimizer.learning_rate,
            "critic_optimizer": settings.critic_optimizer.learning_rate,
        }

    def step(self, step: int) -> dict[str, Tensor]:
        """Run training step number `step`: one generator update (none during pre-training), then the critic updates.

        The generator goes first so that the critic can reuse its pictures: its update has the number of the first
        critic update. Returns the generator's figures, and the critic's averaged over its updates, so a value that is
        not finite in any update shows. Nothing waits for the device.
        """
        schedule = self._schedule
        for name, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = self._rates[name] * schedule.rate_factor(step)
        first = step * schedule.critic_steps
        figures: dict[str, Tensor] = {}
        if step >= schedule.pretraining_steps:
            figures |= self.update_generator(first)
            self._update_average("generator", step + 1 - schedule.pretraining_steps)
        of_critic: dict[str, Tensor] = {}
        for update in range(first, first + schedule.critic_steps):
            _add_share(of_critic, self.update_critic(update), schedule.critic_steps)
        self._update_average("critic", step + 1)
        return figures | of_critic

    def _update_average(self, name: Literal["generator", "critic"], updates: int) -> None:
        average = self.average if name == "generator" else self.average_critic
        halflife, rampup = self._schedule.average_halflife, self._schedule.average_rampup
        update_average(average, self.modules[name], halflife, updates, rampup)

    def update_critic(self, update: int) -> dict[str, Tensor]:
        """Descend the critic's loss on batch number `update`, one part in memory at a time.

        Returns the mean figures, `critic_loss` and the gradient's norm, `critic_gradient`. If the norm is not finite,
        no weight changes.
        """
        return self._descend("critic", update)

    def update_generator(self, update: int) -> dict[str, Tensor]:
        """Descend the generator's loss in the same way. The critic stays unchanged and gets no gradients."""
        self.critic.requires_grad_(False)
        try:
            return self._descend("generator", update)
        finally:
            self.critic.requires_grad_(True)

    def paint(self, *inputs: Any) -> Any:
        """Return the generator's pictures, computed in the run's precision, as float32."""
        with self.in_precision():
            return convert_to_fp32(self.generator(*inputs))

    def judge(self, *inputs: Any) -> Any:
        """Return all outputs of the critic, computed in the run's precision, as float32."""
        with self.in_precision():
            return convert_to_fp32(self.critic(*inputs))

    def penalty(
        self,
        scores_of: Callable[[list[Tensor], Int[Tensor, "b_some"], Float[Tensor, "b_some"]], Float[Tensor, "b_some"]],
        part: BatchStream,
        update: int,
        real: Sequence[Float[Tensor, "b _c _h _w"]],
        fake: Sequence[Float[Tensor, "b _c _h _w"]],
    ) -> Float[Tensor, "b"]:
        """Return the gradient penalty between real and fake for one in N pictures, times N; 0 for the others.

        N is `loss.penalty_every`; `real` and `fake` hold the critic's views of the pictures. `scores_of` returns the
        critic's scores of points between them, given also their indices among the part's rows, and how far each lies
        from real (0) to fake (1).
        """
        every = self._loss.penalty_every
        chosen = part.one_in(every)
        mix = part.uniform(Purpose.INTERPOLATION, update)
        between = [interpolate(one[chosen], other[chosen], mix[chosen]) for one, other in zip(real, fake, strict=True)]
        scores = scores_of(between, chosen, mix[chosen])
        penalty = gradient_penalty(scores, between, pixel_slope=self._loss.pixel_slope)
        return penalty.new_zeros(len(mix)).index_copy(0, chosen, every * penalty)

    def in_precision(self) -> AbstractContextManager[None]:
        """Return a context in which networks compute in the run's precision."""
        context: AbstractContextManager[None] = self._accelerator.autocast()
        return context

    def _descend(self, name: Literal["generator", "critic"], update: int) -> dict[str, Tensor]:
        optimizer, weights = self.optimizers[f"{name}_optimizer"], list(self.modules[name].parameters())
        optimizer.zero_grad()
        total: dict[str, Tensor] = {}
        for part in self.parts:
            loss, figures = self._losses[name](part, update)
            # Not for the pictures of the penalty: they require gradients too, but nobody reads those.
            torch.autograd.backward(loss / len(self.parts), inputs=weights)
            _add_share(total, {**figures, f"{name}_loss": loss}, len(self.parts))
        for weight in weights:
            # Adam must count a step for a weight that the loss leaves out, too.
            weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if self._accelerator.num_processes > 1:
            # A single exchange. DistributedDataParallel would regroup the gradients after its first backward pass: with
            # three or more processes, a resumed run would then round its sums differently than an uninterrupted one.
            mean: Any = self._accelerator.reduce(parameters_to_vector(gradients), reduction="mean")
            vector_to_parameters(mean, gradients)
        norm = torch.nn.utils.get_total_norm(gradients)
        # Adam's own switch, made for loss scaling: the device skips the update, and the CPU need not wait for it.
        optimizer.found_inf = (~norm.isfinite()).float()  # type: ignore[attr-defined]
        optimizer.step()
        return {**total, f"{name}_gradient": norm}


def parts_of_process(settings: StageSettings, accelerator: Accelerator) -> list[BatchStream]:
    """Return the parts of this process's rows of the global batch.

    Raises UserError if the batch, or the pictures with a gradient penalty, do not divide evenly.
    """
    schedule, every = settings.training, settings.loss.penalty_every
    processes = accelerator.num_processes
    count = processes * schedule.accumulation
    if schedule.batch_size % count:
        raise UserError(
            f"training.batch_size {schedule.batch_size} does not divide over {processes} processes and "
            f"{schedule.accumulation} parts (training.accumulation); make it a multiple of {count}"
        )
    pictures = schedule.batch_size // count
    if pictures % every:
        raise UserError(
            f"loss.penalty_every {every} does not divide the {pictures} pictures of a part (training.batch_size over "
            f"processes and training.accumulation); use a divisor of {pictures}"
        )
    share = schedule.batch_size // processes
    rows = slice(accelerator.process_index * share, (accelerator.process_index + 1) * share)
    return BatchStream(schedule.seed, schedule.batch_size, rows, accelerator.device).parts(schedule.accumulation)


def _add_share(total: dict[str, Tensor], figures: Mapping[str, Tensor], count: int) -> None:
    """Add the figures, divided by `count`, to the mean of `count` equal parts."""
    for key, value in figures.items():
        total[key] = total.get(key, torch.zeros_like(value)) + value.detach() / count


def _adam(network: nn.Module, settings: OptimizerSettings) -> Adam:
    return Adam(network.parameters(), lr=settings.learning_rate, betas=settings.betas, fused=True)
