"""What spectra show of pictures whose detail is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from torch import Tensor

from common.evaluation.spectra import log_spectra, spectral_distance


def waves(cycles: int, size: int = 64, amplitude: float = 60.0, *, upright: bool = True) -> UInt8[Tensor, "1 3 h w"]:
    along = amplitude * torch.sin(2 * math.pi * cycles * torch.arange(size) / size) + 127.5
    picture = along.expand(size, size) if upright else along.expand(size, size).T
    return picture.round().to(torch.uint8).expand(1, 3, size, size)


def noise(count: int, size: int = 64) -> UInt8[Tensor, "b 3 h w"]:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 1, size, size), generator=generator).to(torch.uint8).expand(-1, 3, -1, -1)


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("cycles", [3, 17, 32])
def test_waves_peak_at_their_own_number_in_whatever_direction(cycles: int, upright: bool) -> None:
    # At 32 cycles in 64 pixels a sine is sampled at its zeros; its cosine is not.
    picture = waves(cycles, upright=upright) if cycles < 32 else checks(upright)
    assert log_spectra(picture)[0].argmax() == cycles - 1


def checks(upright: bool) -> UInt8[Tensor, "1 3 h w"]:
    stripes = torch.tensor([60, 190], dtype=torch.uint8).repeat(32).expand(64, 64)
    return (stripes if upright else stripes.T).expand(1, 3, 64, 64)


def test_twice_the_contrast_is_six_decibel_more() -> None:
    quiet, loud = (log_spectra(waves(5, amplitude=amplitude))[0, 4] for amplitude in (30, 60))
    assert loud - quiet == pytest.approx(20 * math.log10(2), abs=0.05)


def test_an_even_picture_has_a_finite_even_spectrum() -> None:
    spectrum = log_spectra(torch.full((1, 3, 64, 64), 200, dtype=torch.uint8))[0]
    assert np.isfinite(spectrum).all()
    assert np.ptp(spectrum) == pytest.approx(0, abs=1e-3)


def test_white_noise_has_as_much_of_every_size() -> None:
    spectrum = log_spectra(noise(40)).mean(axis=0)
    assert spectrum.shape == (32,)
    assert np.abs(spectrum[4:] - spectrum[4:].mean()).max() < 1


def test_blur_is_far_from_what_was_blurred_and_halves_are_near() -> None:
    sharp = noise(40)
    blurred = F.avg_pool2d(F.pad(sharp.float(), (1, 1, 1, 1), mode="reflect"), 3, stride=1).to(torch.uint8)
    halves = log_spectra(sharp[:20]), log_spectra(sharp[20:])
    assert spectral_distance(*halves) < 1
    assert spectral_distance(log_spectra(sharp), log_spectra(blurred)) > 5
