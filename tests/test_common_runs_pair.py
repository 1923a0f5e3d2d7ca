"""A generator and its critic as training holds them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch
from accelerate import Accelerator
from tiny_runs import stage1_config
from torch import nn

from common.data.batches import BatchStream
from common.errors import UserError
from common.runs.accelerator import make_accelerator
from common.runs.pair import AdversarialPair, Loss, LossOfPart, parts_of_process
from stage1.config import Stage1Config

SETTINGS = stage1_config(
    "training.critic_steps=3", "training.pretraining_steps=2", "training.label_steps=0", "training.batch_size=4",
    "training.average_halflife=0.0", "generator_optimizer={learning_rate: 0.01, betas: [0.0, 0.9]}",
    "critic_optimizer={learning_rate: 0.01, betas: [0.0, 0.9]}",
)  # fmt: skip


def pair_of(
    critic_loss: Callable[[AdversarialPair, BatchStream, int], Loss] | None = None,
    generator_loss: Callable[[AdversarialPair, BatchStream, int], Loss] | None = None,
    settings: Stage1Config = SETTINGS,
) -> AdversarialPair:
    """Two small networks. Each loss takes the pair, too; without one, a network's weights are to grow."""
    torch.manual_seed(0)
    pair: AdversarialPair

    def loss(given: Callable[[AdversarialPair, BatchStream, int], Loss] | None, name: str) -> LossOfPart:
        def of_part(part: BatchStream, update: int) -> Loss:
            if given is not None:
                return given(pair, part, update)
            return -sum((weight.sum() for weight in getattr(pair, name).parameters()), torch.zeros(())), {}

        return of_part

    pair = AdversarialPair(
        nn.Linear(4, 2),
        nn.Linear(2, 1),
        make_accelerator("float32"),
        settings,
        critic_loss=loss(critic_loss, "critic"),
        generator_loss=loss(generator_loss, "generator"),
    )
    return pair


def test_the_first_descent_moves_every_weight_by_the_learning_rate_against_its_gradient() -> None:
    pair = pair_of(generator_loss=lambda pair, *_: (pair.generator.weight.sum() - 5 * pair.generator.bias.sum(), {}))
    before = [parameter.detach().clone() for parameter in pair.generator.parameters()]
    pair.update_generator(0)
    for parameter, old, sign in zip(pair.generator.parameters(), before, (-1, 1), strict=True):
        torch.testing.assert_close(parameter.detach() - old, torch.full_like(old, sign * 0.01), rtol=1e-4, atol=1e-7)


def test_the_learning_rates_of_the_last_steps_fall_in_a_straight_line() -> None:
    falling = dataclasses.replace(SETTINGS.training, steps=8, falling_share=0.5, pretraining_steps=0)
    pair = pair_of(settings=dataclasses.replace(SETTINGS, training=falling))
    moved = []
    for step in range(8):
        before = pair.generator.bias.detach().clone()
        pair.step(step)
        moved.append((pair.generator.bias.detach() - before).mean().item())
    # Adam moves by the learning rate where the gradient is always the same.
    assert moved == pytest.approx([0.01] * 5 + [0.0075, 0.005, 0.0025], rel=1e-3)


def test_a_gradient_that_is_not_finite_moves_nothing_and_the_next_one_does_as_if_it_had_not_been() -> None:
    def loss(pair: AdversarialPair, part: BatchStream, update: int) -> Loss:
        return pair.generator.weight.square().sum() * (float("nan") if update == 0 else 1), {}

    pair, twin = pair_of(generator_loss=loss), pair_of(generator_loss=loss)
    before = pair.generator.weight.detach().clone()
    assert not pair.update_generator(0)["generator_gradient"].isfinite()
    assert torch.equal(pair.generator.weight, before)
    for each in (pair, twin):
        assert each.update_generator(1)["generator_gradient"].isfinite()
    assert not torch.equal(pair.generator.weight, before)
    assert torch.equal(pair.generator.weight, twin.generator.weight)


def test_a_weight_that_a_loss_leaves_out_stays_and_counts_its_steps() -> None:
    pair = pair_of(generator_loss=lambda pair, *_: (pair.generator.weight.sum(), {}))
    bias = pair.generator.bias.detach().clone()
    pair.update_generator(0)
    assert torch.equal(pair.generator.bias, bias)
    states = pair.optimizers["generator_optimizer"].state_dict()["state"].values()
    assert [float(state["step"]) for state in states] == [1, 1]


def test_a_batch_in_parts_gives_the_gradient_and_the_figures_of_the_whole() -> None:
    inputs = torch.arange(8.0).reshape(4, 2)

    def loss(pair: AdversarialPair, part: BatchStream, update: int) -> Loss:
        values = pair.critic(part.take(inputs.numpy())).square().squeeze(1)
        return values.mean(), {"largest": values.max()}

    results = []
    for parts in (1, 2):
        training = dataclasses.replace(SETTINGS.training, accumulation=parts)
        pair = pair_of(critic_loss=loss, settings=dataclasses.replace(SETTINGS, training=training))
        assert len(pair.parts) == parts
        results.append((pair.update_critic(0), [parameter.grad for parameter in pair.critic.parameters()]))
    (whole, gradients), (halves, gradients_of_halves) = results
    torch.testing.assert_close(gradients, gradients_of_halves)
    torch.testing.assert_close(whole["critic_loss"], halves["critic_loss"])
    torch.testing.assert_close(whole["critic_gradient"], halves["critic_gradient"])
    assert set(halves) == {"critic_loss", "critic_gradient", "largest"}


def test_a_step_is_several_critic_updates_after_one_of_the_generator_once_pre_training_is_over() -> None:
    calls: list[tuple[str, int]] = []

    def noting(name: str) -> Callable[[AdversarialPair, BatchStream, int], Loss]:
        def loss(pair: AdversarialPair, part: BatchStream, update: int) -> Loss:
            calls.append((name, update))
            return getattr(pair, name).weight.sum(), {name: torch.tensor(float(update))}

        return loss

    pair = pair_of(noting("critic"), noting("generator"))
    for step in (1, 2):
        figures = pair.step(step)
    assert calls == [
        *(("critic", number) for number in (3, 4, 5)),
        ("generator", 6),
        *(("critic", number) for number in (6, 7, 8)),
    ]
    assert (figures["critic"], figures["generator"]) == (7.0, 6.0)


def test_a_figure_that_is_not_finite_in_any_update_of_the_critic_shows() -> None:
    pair = pair_of(lambda pair, _, update: (pair.critic.weight.sum() * (float("nan") if update == 4 else 1), {}))
    assert pair.step(1)["critic_loss"].isnan()


def test_averages_follow_the_critic_from_the_first_step_and_the_generator_once_pre_training_is_over() -> None:
    pair = pair_of()
    pair.step(1)
    assert torch.equal(pair.average_critic.weight, pair.critic.weight)
    with torch.no_grad():
        pair.generator.weight += 1
    assert not torch.equal(pair.average.weight, pair.generator.weight)
    pair.step(2)
    assert torch.equal(pair.average.weight, pair.generator.weight)


@pytest.mark.parametrize(("every", "expected"), [(1, [1.0, 1.0, 4.0, 9.0]), (2, [2.0, 0.0, 8.0, 0.0])])
def test_some_pictures_are_penalised_as_often_as_they_stand_for(every: int, expected: list[float]) -> None:
    loss = dataclasses.replace(SETTINGS.loss, penalty_every=every)
    pair = pair_of(settings=dataclasses.replace(SETTINGS, loss=loss))
    slopes = torch.tensor([0.0, 2.0, 3.0, 4.0])
    real, fake = torch.randn(2, 4, 3, 2, 2)
    penalty = pair.penalty(
        lambda views, places, mix: slopes[places] * views[0][:, 0, 0, 0], pair.parts[0], 0, [real], [fake]
    )
    torch.testing.assert_close(penalty, torch.tensor(expected))


def test_a_batch_or_a_penalty_that_does_not_divide_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = stage1_config("training.batch_size=12", "training.accumulation=2", "loss.penalty_every=1")
    accelerator = make_accelerator("float32")
    monkeypatch.setattr(Accelerator, "process_index", 1)
    monkeypatch.setattr(Accelerator, "num_processes", 3)
    assert [part.rows for part in parts_of_process(settings, accelerator)] == [slice(4, 6), slice(6, 8)]
    sparse = dataclasses.replace(settings, loss=dataclasses.replace(settings.loss, penalty_every=4))
    with pytest.raises(UserError, match=r"loss\.penalty_every 4 does not divide the 2 pictures"):
        parts_of_process(sparse, accelerator)
    monkeypatch.setattr(Accelerator, "num_processes", 4)
    with pytest.raises(UserError, match=r"batch_size 12 does not divide over 4 processes and 2 parts.*multiple of 8"):
        parts_of_process(settings, accelerator)
