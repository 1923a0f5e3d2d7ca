"""The moving average of weights."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from common.nn.averaging import update_average


def pair() -> tuple[nn.Module, nn.Module]:
    """An average whose weights are all 0 and a live network whose weights are all 1."""
    live = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    average = copy.deepcopy(live).requires_grad_(False)
    with torch.no_grad():
        for target, source in zip(average.parameters(), live.parameters(), strict=True):
            target.fill_(0)
            source.fill_(1)
    return average, live


def share_of_the_old(halflife: float, updates: int, rampup: float) -> float:
    average, live = pair()
    update_average(average, live, halflife, updates, rampup)
    values = torch.cat([parameter.flatten() for parameter in average.parameters()])
    assert values.min() == values.max()
    return 1 - float(values[0])


def test_after_the_ramp_a_half_life_of_updates_halves_the_old_share() -> None:
    average, live = pair()
    for update in range(10_000, 10_010):
        update_average(average, live, halflife=10, updates=update)
    assert [float(parameter.mean()) for parameter in average.parameters()] == pytest.approx([0.5] * 4, abs=1e-5)


@pytest.mark.parametrize(
    ("halflife", "updates", "rampup", "share"),
    [
        (100, 1, 0.05, 0.5 ** (1 / 0.05)),
        (100, 20, 0.05, 0.5),
        (100, 400, 0.05, 0.5 ** (1 / 20)),
        (100, 2000, 0.05, 0.5 ** (1 / 100)),
        (100, 4000, 0.05, 0.5 ** (1 / 100)),
        (100, 400, 0.2, 0.5 ** (1 / 80)),
        (0, 50, 0.05, 0.0),
    ],
)
def test_the_half_life_is_a_share_of_the_run_up_to_its_setting(
    halflife: float, updates: int, rampup: float, share: float
) -> None:
    assert share_of_the_old(halflife, updates, rampup) == pytest.approx(share, abs=1e-6)


def test_running_statistics_are_averaged_and_the_live_network_stays_as_it_is() -> None:
    average, live = pair()
    live(torch.randn(8, 3, generator=torch.Generator().manual_seed(0)) * 5)
    before = copy.deepcopy(live.state_dict())
    update_average(average, live, halflife=100, updates=20)
    assert int(average[1].num_batches_tracked) == 1
    torch.testing.assert_close(average[1].running_mean, live[1].running_mean / 2)
    assert average[1].running_mean is not live[1].running_mean
    assert all(torch.equal(before[name], value) for name, value in live.state_dict().items())
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in average.parameters())
