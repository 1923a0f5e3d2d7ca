"""A generator and its critic in training, with their optimizers and averaged weights.

Each stage defines its own losses. Updates, the schedule and the contents of a checkpoint are the same for both stages.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim import Adam, Optimizer

from common.nn.averaging import update_average
from common.runs.config import OptimizerSettings, Schedule
from common.runs.warm_start import Build, adopt_weights
from common.vocabulary import Vocabulary

Loss = tuple[Tensor, Mapping[str, Tensor]]
"""Mean loss over some pictures, and figures about them.

A figure is a mean over all of these pictures, or two values if it concerns only some of them: a sum and their number.
"""


class AdversarialPair:
    """Both networks of one stage, on this process's device."""

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        accelerator: Accelerator,
        schedule: Schedule,
        generator_optimizer: OptimizerSettings,
        critic_optimizer: OptimizerSettings,
    ) -> None:
        self._accelerator = accelerator
        self._schedule = schedule
        self.plain_generator = generator.to(accelerator.device)
        self.plain_critic = critic.to(accelerator.device)
        self.average = copy.deepcopy(self.plain_generator).eval().requires_grad_(False)
        self.average_critic = copy.deepcopy(self.plain_critic).eval().requires_grad_(False)
        """Judges held-out paintings better than the critic of any one step, which follows its current generator."""
        self._generator_optimizer = _adam(self.plain_generator, generator_optimizer)
        self._critic_optimizer = _adam(self.plain_critic, critic_optimizer)
        with warnings.catch_warnings():
            # The argument that replaces it still exchanges buffers, and Accelerate does not accept it.
            warnings.filterwarnings("ignore", message="`broadcast_buffers` is deprecated")
            wrapped = accelerator.prepare(self.plain_generator, self.plain_critic)
        self.generator: nn.Module = wrapped[0]
        """Wrapped: computes in the run's precision, and starts with the same weights on all processes."""
        self.critic: nn.Module = wrapped[1]
        """Wrapped: computes in the run's precision, and starts with the same weights on all processes."""

    def step(
        self,
        step: int,
        update_critic: Callable[[int], Mapping[str, Tensor]],
        update_generator: Callable[[int], Mapping[str, Tensor]],
    ) -> dict[str, Tensor]:
        """Run training step number `step`: one generator update (none during pre-training), then the critic updates.

        The generator goes first so that the critic can reuse its pictures: `update_generator` and the first
        `update_critic` get the same update number. Returns the generator's figures, and the critic's averaged over its
        updates, so a value that is not finite in any update shows.
        """
        schedule = self._schedule
        first = step * schedule.critic_steps
        figures: dict[str, Tensor] = {}
        if step >= schedule.pretraining_steps:
            figures |= update_generator(first)
            generator_updates = step + 1 - schedule.pretraining_steps
            update_average(self.average, self.plain_generator, schedule.average_halflife, generator_updates)
        critic: dict[str, Tensor] = {}
        for update in range(first, first + schedule.critic_steps):
            _add_share(critic, update_critic(update), schedule.critic_steps)
        update_average(self.average_critic, self.plain_critic, schedule.average_halflife, step + 1)
        return figures | critic

    def descend_critic(self, losses: Sequence[Callable[[], Loss]]) -> dict[str, Tensor]:
        """Take one optimizer step on the losses of equal parts of this process's batch, one part in memory at a time.

        Each part has one backward pass, so its loss must include all terms. Returns the mean figures, `critic_loss` and
        the gradient's norm, `critic_gradient`. If the norm is not finite, no weight changes.
        """
        return self._descend("critic", losses, self.critic, self._critic_optimizer)

    def descend_generator(self, losses: Sequence[Callable[[], Loss]]) -> dict[str, Tensor]:
        """Take one optimizer step of the generator, as in `descend_critic`."""
        return self._descend("generator", losses, self.generator, self._generator_optimizer)

    @contextmanager
    def critic_frozen(self) -> Iterator[nn.Module]:
        """Yield the unwrapped critic, frozen: the generator's loss leaves no gradients in it."""
        self.plain_critic.requires_grad_(False)
        try:
            yield self.plain_critic
        finally:
            self.plain_critic.requires_grad_(True)

    def start_from(
        self, export: Path, build_generator: Build, build_critic: Build, own: Vocabulary, theirs: Vocabulary
    ) -> None:
        """Load the weights of an export that was trained with the vocabulary `theirs`."""
        generator, critic = export / "generator.safetensors", export / "critic.safetensors"
        adopt_weights(self.plain_generator, generator, build_generator, own, theirs)
        adopt_weights(self.plain_critic, critic, build_critic, own, theirs)
        self.average.load_state_dict(self.plain_generator.state_dict())
        self.average_critic.load_state_dict(self.plain_critic.state_dict())

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The networks that a checkpoint stores."""
        return {
            "generator": self.plain_generator,
            "critic": self.plain_critic,
            "average": self.average,
            "average_critic": self.average_critic,
        }

    @property
    def optimizers(self) -> dict[str, Optimizer]:
        """The optimizers that a checkpoint stores."""
        return {"generator_optimizer": self._generator_optimizer, "critic_optimizer": self._critic_optimizer}

    def _descend(
        self, name: str, losses: Sequence[Callable[[], Loss]], network: nn.Module, optimizer: Adam
    ) -> dict[str, Tensor]:
        optimizer.zero_grad()
        weights = list(network.parameters())
        total: dict[str, Tensor] = {}
        for loss_of_part in losses:
            with self._accelerator.no_sync(network):
                loss, figures = loss_of_part()
                # Not for the pictures of the penalty: they require gradients too, but nobody reads those.
                self._accelerator.backward(loss / len(losses), inputs=weights)
            _add_share(total, {**figures, f"{name}_loss": loss}, len(losses))
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        self._share_gradients(gradients)
        norm = torch.nn.utils.get_total_norm(gradients)
        # Adam's own switch, made for loss scaling: the device skips the update, and the CPU need not wait for it.
        optimizer.found_inf = (~norm.isfinite()).float()  # type: ignore[attr-defined]
        optimizer.step()
        return {**total, f"{name}_gradient": norm}

    def _share_gradients(self, gradients: list[Tensor]) -> None:
        """Average the gradients over all processes, in a single exchange.

        DistributedDataParallel regroups them into other buckets after its first backward pass. With three or more
        processes, a resumed run would then round its sums differently than an uninterrupted one.
        """
        if self._accelerator.num_processes > 1:
            mean: Any = self._accelerator.reduce(parameters_to_vector(gradients), reduction="mean")
            vector_to_parameters(mean, gradients)


def _add_share(total: dict[str, Tensor], figures: Mapping[str, Tensor], count: int) -> None:
    """Add the figures, divided by `count`, to the mean of `count` equal parts."""
    for key, value in figures.items():
        total[key] = total.get(key, torch.zeros_like(value)) + value.detach() / count


def _adam(network: nn.Module, settings: OptimizerSettings) -> Adam:
    return Adam(network.parameters(), lr=settings.learning_rate, betas=settings.betas, fused=True)
