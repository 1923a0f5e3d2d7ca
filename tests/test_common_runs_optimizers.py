"""Optimizers from their settings."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from common import config
from common.errors import UserError
from common.runs.config import OptimizerSettings
from common.runs.optimizers import build_optimizer

SETTINGS = OptimizerSettings(learning_rate=0.01, betas=(0.0, 0.9))


def test_the_first_step_moves_every_weight_by_the_learning_rate_against_its_gradient() -> None:
    network = nn.Linear(4, 2)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    optimizer = build_optimizer(network, SETTINGS)
    (network.weight.sum() - 5 * network.bias.sum()).backward()
    optimizer.step()
    for parameter, old, sign in zip(network.parameters(), before, (-1, 1), strict=True):
        torch.testing.assert_close(parameter.detach() - old, torch.full_like(old, sign * 0.01), rtol=1e-4, atol=1e-7)


def test_the_settings_reach_the_optimizer() -> None:
    (group,) = build_optimizer(nn.Linear(4, 2), SETTINGS).param_groups
    assert (group["lr"], group["betas"], group["weight_decay"]) == (0.01, (0.0, 0.9), 0)


def test_a_learning_rate_of_zero_is_refused() -> None:
    with pytest.raises(UserError, match="learning_rate: input should be greater than 0, not 0"):
        config.parse(OptimizerSettings, {"learning_rate": 0.0, "betas": [0.0, 0.9]}, place="test")
