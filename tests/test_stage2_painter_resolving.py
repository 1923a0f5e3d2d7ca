"""Requests as the networks take them: what is refused, and noise by seeds alone, nearby and truncated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from common.errors import UserError
from common.vocabulary import Vocabulary
from stage1.sampling import draw_latents
from stage2.painter.requests import Request
from stage2.painter.resolving import Resolved, between, noise_of, points, resolve

VOCABULARY = Vocabulary(
    genres={"portrait": 3, "marina": 1}, styles={"cubism": 1, "rococo": 3}, families={"modern": ("cubism", "rococo")}
)


def test_a_resolved_request_has_the_vocabularys_spelling_plain_numbers_and_points() -> None:
    typed = Request(genre="Portrait:1, marina:3", style="MODERN", truncation=np.float64(0.5), seed=3)
    resolved = resolve(typed, VOCABULARY, (64, 128))
    spelled = Request(genre="portrait,marina:3", style="modern", truncation=0.5, seed=3, resolution=128)
    assert resolved == Resolved(spelled, 128, (0.25, 0.75), (0.25, 0.75))
    assert type(resolved.request.truncation) is float
    assert [one.request.seed for one in resolved.with_seeds([5, 9])] == [5, 9]
    any_label = resolve(Request(genre=" ANY "), VOCABULARY, (64, 128))
    assert [rows.tolist() for rows in points([resolved, any_label])] == [[[0.25, 0.75], [0, 0]]] * 2


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"genre": "portrat"}, "did you mean 'portrait'"),
        ({"style": "cubsim"}, "did you mean 'cubism'"),
        ({"seed": -1}, "seed -1 is negative"),
        ({"truncation": -1.0}, "truncation -1 is out of range"),
        ({"truncation": 1.5}, "truncation 1.5 is out of range"),
        ({"truncation": float("nan")}, "truncation nan is out of range"),
        ({"towards": 3, "nearby": 1.5}, "nearby 1.5 is out of range"),
        ({"towards": -3, "nearby": 0.5}, "seed -3 is negative"),
        ({"resolution": 256}, "choose one of 64, 128"),
        ({"resolution": 64, "style": "cubism"}, "needs stage II, .*; leave it out, or choose another resolution"),
    ],
)
def test_an_impossible_request_is_refused_in_one_line(request_: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        resolve(Request(**request_), VOCABULARY, (64, 128))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_stage1_alone_knows_no_style() -> None:
    with pytest.raises(
        UserError, match=r"needs stage II, .* train stage II: accelerate launch scripts/train_stage2\.py"
    ):
        resolve(Request(style="cubism"), VOCABULARY, (64,))


def draw(seeds: Sequence[int]) -> torch.Tensor:
    return draw_latents(seeds, 128)


def test_without_more_the_noise_is_the_seeds_bit_for_bit() -> None:
    assert torch.equal(noise_of([Request(seed=3), Request(seed=9)], draw_latents, 128), draw([3, 9]))


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
    (noise,) = noise_of([Request(seed=1, towards=2, nearby=share)], draw_latents, 128).double()
    first, second = draw([1, 2]).double()
    angles = [torch.arccos(torch.cosine_similarity(first, other, dim=0)) for other in (noise, second)]
    assert float(angles[0] / angles[1]) == pytest.approx(share, abs=1e-3)


def test_truncation_shortens_the_noise_of_its_own_request_only() -> None:
    noise = noise_of([Request(seed=1, truncation=0.5), Request(seed=2)], draw_latents, 128)
    assert torch.equal(noise, draw([1, 2]) * torch.tensor([[0.5], [1.0]]))
