"""A generator and its critic as training holds them."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from common import config
from common.errors import UserError
from common.runs.accelerator import make_accelerator
from common.runs.config import OptimizerSettings, Schedule
from common.runs.pair import AdversarialPair

OPTIMIZER = OptimizerSettings(learning_rate=0.01, betas=(0.0, 0.9))
SCHEDULE = Schedule(
    seed=0,
    steps=9,
    pretraining_steps=2,
    critic_steps=3,
    batch_size=1,
    unlabelled_share=0.0,
    flip=False,
    average_halflife=0.0,
    precision="float32",
)


@pytest.fixture
def pair() -> AdversarialPair:
    return AdversarialPair(
        nn.Linear(4, 2), nn.Linear(2, 1), make_accelerator("float32"), SCHEDULE, OPTIMIZER, OPTIMIZER
    )


def test_the_first_descent_moves_every_weight_by_the_learning_rate_against_its_gradient(
    pair: AdversarialPair,
) -> None:
    network = pair.plain_generator
    before = [parameter.detach().clone() for parameter in network.parameters()]
    pair.descend_generator([lambda: (network.weight.sum() - 5 * network.bias.sum(), {})])
    for parameter, old, sign in zip(network.parameters(), before, (-1, 1), strict=True):
        torch.testing.assert_close(parameter.detach() - old, torch.full_like(old, sign * 0.01), rtol=1e-4, atol=1e-7)


def test_a_gradient_that_is_not_finite_moves_nothing_and_the_next_one_does_as_if_it_had_not_been(
    pair: AdversarialPair,
) -> None:
    twin = AdversarialPair(
        copy.deepcopy(pair.plain_generator),
        nn.Linear(2, 1),
        make_accelerator("float32"),
        SCHEDULE,
        OPTIMIZER,
        OPTIMIZER,
    )
    before = pair.plain_generator.weight.detach().clone()
    figures = pair.descend_generator([lambda: (pair.plain_generator.weight.sum() * float("nan"), {})])
    assert not figures["generator_gradient"].isfinite()
    assert torch.equal(pair.plain_generator.weight, before)
    for each in (pair, twin):
        weight = each.plain_generator.weight
        figures = each.descend_generator([lambda weight=weight: (weight.square().sum(), {})])  # type: ignore[misc]
        assert figures["generator_gradient"].isfinite()
    assert not torch.equal(pair.plain_generator.weight, before)
    assert torch.equal(pair.plain_generator.weight, twin.plain_generator.weight)


def test_a_batch_in_parts_gives_the_gradient_and_the_figures_of_the_whole(pair: AdversarialPair) -> None:
    network = pair.plain_critic
    inputs = torch.arange(8.0).reshape(4, 2)

    def loss_of(rows: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        values = network(rows).square().squeeze(1)
        return values.mean(), {"largest": values.max()}

    results = []
    for parts in (inputs[None], inputs.reshape(2, 2, 2)):
        twin = copy.deepcopy(network.state_dict())
        figures = pair.descend_critic([lambda rows=rows: loss_of(rows) for rows in parts])  # type: ignore[misc]
        results.append((figures, [parameter.grad.clone() for parameter in network.parameters()]))
        network.load_state_dict(twin)
    (whole, gradients), (halves, gradients_of_halves) = results
    torch.testing.assert_close(gradients, gradients_of_halves)
    torch.testing.assert_close(whole["critic_loss"], halves["critic_loss"])
    torch.testing.assert_close(whole["critic_gradient"], halves["critic_gradient"])
    assert set(halves) == {"critic_loss", "critic_gradient", "largest"}


def test_a_step_is_several_critic_updates_after_one_of_the_generator_once_pre_training_is_over(
    pair: AdversarialPair,
) -> None:
    calls: list[tuple[str, int]] = []

    def update(network: str, number: int) -> Mapping[str, Tensor]:
        calls.append((network, number))
        return {network: torch.tensor(float(number))}

    for step in (1, 2):
        figures = pair.step(step, lambda number: update("critic", number), lambda number: update("generator", number))
    assert calls == [
        *(("critic", number) for number in (3, 4, 5)),
        ("generator", 6),
        *(("critic", number) for number in (6, 7, 8)),
    ]
    assert figures == {"critic": 7.0, "generator": 6.0}


def test_a_figure_that_is_not_finite_in_any_update_of_the_critic_shows(pair: AdversarialPair) -> None:
    def update(number: int) -> Mapping[str, Tensor]:
        return {"loss": torch.tensor(float("nan") if number == 4 else 1.0)}

    assert pair.step(1, update, update)["loss"].isnan()


def test_the_critics_average_follows_it_from_the_first_step(pair: AdversarialPair) -> None:
    nothing: Mapping[str, Tensor] = {}
    with torch.no_grad():
        pair.plain_critic.weight += 1
    assert not torch.equal(pair.average_critic.weight, pair.plain_critic.weight)
    pair.step(0, lambda number: nothing, lambda number: nothing)
    assert torch.equal(pair.average_critic.weight, pair.plain_critic.weight)


def test_the_average_follows_the_generator_once_pre_training_is_over(pair: AdversarialPair) -> None:
    nothing: Mapping[str, Tensor] = {}
    with torch.no_grad():
        pair.plain_generator.weight += 1
    assert not torch.equal(pair.average.weight, pair.plain_generator.weight)
    pair.step(1, lambda number: nothing, lambda number: nothing)
    assert not torch.equal(pair.average.weight, pair.plain_generator.weight)
    pair.step(2, lambda number: nothing, lambda number: nothing)
    assert torch.equal(pair.average.weight, pair.plain_generator.weight)


def test_a_loss_through_the_frozen_critic_leaves_it_without_gradients(pair: AdversarialPair) -> None:
    with pair.critic_frozen() as critic:
        loss = critic(pair.plain_generator(torch.ones(3, 4))).sum()
    pair.descend_generator([lambda: (loss, {})])
    assert all(parameter.grad is None and parameter.requires_grad for parameter in pair.plain_critic.parameters())
    assert all(parameter.grad is not None for parameter in pair.plain_generator.parameters())


def test_a_learning_rate_of_zero_is_refused() -> None:
    with pytest.raises(UserError, match="learning_rate: input should be greater than 0, not 0"):
        config.parse(OptimizerSettings, {"learning_rate": 0.0, "betas": [0.0, 0.9]}, place="test")
