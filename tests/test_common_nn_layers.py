"""The layers of both stages, by their formulas."""

from __future__ import annotations

import pytest
import torch

from common.nn.layers import (
    EnlargingConvolution,
    Gate,
    NormalisedBlock,
    enlarged,
    gated,
    layer_norm,
    replicate_conv3x3,
)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("memory", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gated_is_tanh_times_sigmoid_in_every_precision_and_layout(
    dtype: torch.dtype, memory: torch.memory_format
) -> None:
    features = (3 * torch.randn(2, 6, 5, 4)).to(dtype).contiguous(memory_format=memory).requires_grad_()
    f, g = features.chunk(2, dim=1)
    made, expected = gated(features), torch.tanh(f) * torch.sigmoid(g)
    torch.testing.assert_close(made, expected)
    slopes = [torch.autograd.grad(one.float().square().sum(), features)[0] for one in (made, expected)]
    torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("size", [1, 4])
def test_a_gate_is_the_formula_of_its_paper_and_halves_the_channels(size: int) -> None:
    gate = Gate(channels=3, condition_dim=5, size=size)
    features, condition = torch.randn(2, 6, 4, 4), torch.randn(2, 5)
    # Row (channel, y, x) of V, computed entry by entry.
    weights = gate.condition.weight.reshape(6, size, size, 5)
    bias = torch.einsum("chwk,bk->bchw", weights, condition)
    expected = torch.tanh(features[:, :3] + bias[:, :3]) * torch.sigmoid(features[:, 3:] + bias[:, 3:])
    torch.testing.assert_close(gate(features, condition), expected)


def test_a_gate_without_a_condition_has_no_bias() -> None:
    features = torch.randn(2, 6, 4, 4)
    open_ = Gate(channels=3, condition_dim=5)(features, torch.zeros(2, 5))
    torch.testing.assert_close(open_, torch.tanh(features[:, :3]) * torch.sigmoid(features[:, 3:]))


def test_a_gate_of_single_numbers_is_what_one_computes_by_hand() -> None:
    gate = Gate(channels=1, condition_dim=1)
    gate.condition.weight.data = torch.tensor([[2.0], [-1.0]])
    # tanh(0.5 + 2 * 0.25) * sigmoid(1 - 0.25) = 0.761594 * 0.679179
    value = gate(torch.tensor([[[[0.5]], [[1.0]]]]), torch.tensor([[0.25]]))
    assert value.item() == pytest.approx(0.5172587, abs=1e-6)


def test_only_a_gate_with_a_size_tells_pixels_apart() -> None:
    features, condition = torch.ones(1, 6, 4, 4), torch.randn(1, 5)
    everywhere, by_pixel = (Gate(3, 5, size=size)(features, condition) for size in (1, 4))
    assert everywhere.std(dim=(2, 3)).max() == 0
    assert by_pixel.std(dim=(2, 3)).min() > 0


def test_picture_norm_gives_each_picture_zero_mean_and_unit_variance_whatever_the_others() -> None:
    features = 50 * torch.randn(2, 8, 3, 3) + 7
    normed = layer_norm(8)(features)
    torch.testing.assert_close(normed.mean(dim=(1, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(normed.square().mean(dim=(1, 2, 3)), torch.ones(2), atol=1e-4, rtol=0)


def test_picture_norm_keeps_small_features_small_beside_large_ones() -> None:
    features = torch.ones(1, 2, 1, 2)
    features[0, 0, 0, 0], features[0, 1, 0, 1] = 1e-3, 1000
    normed = layer_norm(2)(features)[0, :, 0]
    assert (normed[:, 0] - normed[0, 0]).abs().max() < 0.01


def test_picture_norm_of_an_even_picture_is_zero_with_a_finite_gradient() -> None:
    features = torch.zeros(1, 4, 2, 2, requires_grad=True)
    normed = layer_norm(4)(features)
    normed.sum().backward()
    assert normed.detach().abs().max() == 0
    assert features.grad is not None
    assert features.grad.isfinite().all()


def test_in_no_layer_do_pictures_of_a_batch_meet() -> None:
    features, condition = torch.randn(3, 4, 4, 4), torch.randn(3, 5)
    for layer, arguments in (
        (NormalisedBlock(4, 6, condition_dim=5, upsample="bilinear", modulated=True), (features, condition)),
        (layer_norm(4), (features,)),
        (Gate(2, 5), (features, condition)),
    ):
        alone = layer(*(argument[1:2] for argument in arguments))
        torch.testing.assert_close(layer(*arguments)[1:2], alone)


@pytest.mark.parametrize("times", [1, 2, 4])
def test_an_enlarging_convolution_is_one_of_the_enlarged_map(times: int) -> None:
    ours, plain = EnlargingConvolution(5, 3, times), replicate_conv3x3(5, 3)
    plain.load_state_dict(ours.state_dict())
    features = torch.randn(2, 5, 7, 9)
    torch.testing.assert_close(ours(features), plain(enlarged(features, times)))
