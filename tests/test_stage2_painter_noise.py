"""Noise by seeds alone, nearby and truncated."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from stage1.sampling import draw_latents
from stage2.painter.noise import between, noise_of
from stage2.painter.requests import Request


def draw(seeds: Sequence[int]) -> torch.Tensor:
    return draw_latents(seeds, 128)


def test_without_more_the_noise_is_the_seeds_bit_for_bit() -> None:
    assert torch.equal(noise_of([Request(seed=3), Request(seed=9)], draw), draw([3, 9]))


def test_the_way_between_two_has_their_length_and_ends_at_them() -> None:
    first, second = draw(range(50)), draw(range(50, 100))
    ends = between(first, second, torch.zeros(50)), between(first, second, torch.ones(50))
    torch.testing.assert_close(ends[0], first)
    torch.testing.assert_close(ends[1], second)
    middle = between(first, second, torch.full((50,), 0.5)).norm(dim=1)
    torch.testing.assert_close(middle, (first.norm(dim=1) + second.norm(dim=1)) / 2, rtol=0.03, atol=0)
    assert (((first + second) / 2).norm(dim=1) < 0.85 * middle).all()


def test_equal_noise_stays_where_it_is() -> None:
    noise = draw([1])
    torch.testing.assert_close(between(noise, noise, torch.tensor([0.4])), noise)


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_request_lies_its_share_of_the_angle_away(share: float) -> None:
    (noise,) = noise_of([Request(seed=1, towards=2, nearby=share)], draw).double()
    first, second = draw([1, 2]).double()
    angles = [torch.arccos(torch.cosine_similarity(first, other, dim=0)) for other in (noise, second)]
    assert float(angles[0] / angles[1]) == pytest.approx(share, abs=1e-3)


def test_truncation_shortens_the_noise_of_its_own_request_only() -> None:
    noise = noise_of([Request(seed=1, truncation=0.5), Request(seed=2)], draw)
    assert torch.equal(noise, draw([1, 2]) * torch.tensor([[0.5], [1.0]]))
