"""What is seen of painters with a known answer to their labels, of pictures whose detail is known, and of classes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from torch import Tensor

from common.evaluation.distances import jackknife_deviation
from common.evaluation.figures import spectral_distance
from common.evaluation.observations import fit_judge, fit_replicates, label_effect, layout_correlation, log_spectra


def effect(of_seed: float, of_label: float) -> np.ndarray:
    """Pictures that lie apart by their seeds and by their labels."""
    random = np.random.default_rng(0)
    seeds, labels = random.normal(size=(12, 1, 200)) * of_seed, random.normal(size=(1, 5, 200)) * of_label
    return label_effect((seeds + labels).astype(np.float32))


def test_a_label_that_changes_as_much_as_another_seed_gives_one_and_one_without_effect_zero() -> None:
    assert effect(1.0, 0.0) == pytest.approx(0, abs=1e-5)
    assert effect(1.0, 1.0) == pytest.approx(1, abs=0.1)
    assert effect(1.0, 3.0) == pytest.approx(3, abs=0.3)


def test_an_enlarged_picture_keeps_its_composition_and_its_negative_turns_it_round() -> None:
    small = torch.rand(3, 3, 64, 64) * 2 - 1
    large = F.interpolate(small, size=(128, 128), mode="bilinear")
    assert layout_correlation(small, large) == pytest.approx(torch.ones(3), abs=0.05)
    assert layout_correlation(small, -0.5 * large + 0.2) == pytest.approx(-torch.ones(3), abs=0.05)
    assert layout_correlation(small, torch.rand(3, 3, 128, 128)).abs().max() < 0.2


def waves(cycles: int, size: int = 64, amplitude: float = 60.0, *, upright: bool = True) -> UInt8[Tensor, "1 3 h w"]:
    along = amplitude * torch.sin(2 * math.pi * cycles * torch.arange(size) / size) + 127.5
    picture = along.expand(size, size) if upright else along.expand(size, size).T
    return picture.round().to(torch.uint8).expand(1, 3, size, size)


def noise(count: int, size: int = 64) -> UInt8[Tensor, "b 3 h w"]:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 1, size, size), generator=generator).to(torch.uint8).expand(-1, 3, -1, -1)


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("cycles", [3, 17, 31])
def test_waves_peak_at_their_own_number_in_whatever_direction(cycles: int, upright: bool) -> None:
    assert log_spectra(waves(cycles, upright=upright))[0].argmax() == cycles - 1


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


def classes(count: int, centres: list[tuple[float, float]], seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(len(centres), size=count)
    return spread(np.array(centres)[labels] + random.normal(scale=0.3, size=(count, 2))), labels


def spread(points: np.ndarray) -> np.ndarray:
    """Points of a plane as features, which are many."""
    return np.tile(points, (1, 200)).astype(np.float32)


@pytest.mark.parametrize("centres", [[(0, 0), (4, 0)], [(0, 0), (4, 0), (0, 4), (4, 4)]])
def test_classes_apart_are_told_apart_on_paintings_not_seen(centres: list[tuple[float, float]]) -> None:
    judge = fit_judge(*classes(300, centres, 0))
    unseen, labels = classes(200, centres, 1)
    assert (judge(unseen) == labels).mean() > 0.98


def test_unlabelled_paintings_are_left_out_and_a_class_without_paintings_is_never_seen() -> None:
    features, labels = classes(300, [(0, 0), (4, 0), (0, 4)], 0)
    labels[labels == 1] = -1
    judge = fit_judge(features, labels)
    seen = judge(classes(200, [(0, 0), (4, 0), (0, 4)], 1)[0])
    assert set(seen.tolist()) == {0, 2}


def test_labels_that_mean_nothing_are_guessed_no_better_than_by_chance() -> None:
    features, _ = classes(600, [(0, 0), (0, 0)], 0)
    labels = np.random.default_rng(5).integers(2, size=600)
    judge = fit_judge(features, labels)
    unseen, _ = classes(600, [(0, 0), (0, 0)], 1)
    truth = np.random.default_rng(6).integers(2, size=600)
    assert abs((judge(unseen) == truth).mean() - 0.5) < 0.1


def test_replicates_scatter_as_judges_of_other_paintings_do() -> None:
    # Where no painting lies: the line between the classes, drawn on beyond them.
    asked = spread(np.random.default_rng(7).normal((2, 40), 2.0, size=(400, 2)))
    shares, deviations = [], []
    for seed in range(20):
        features, labels = classes(100, [(0, 0), (4, 0)], seed)
        replicates = fit_replicates(features, labels, np.random.default_rng(0))
        shares.append(fit_judge(features, labels)(asked).mean())
        deviations.append(jackknife_deviation(np.array([one(asked).mean() for one in replicates])))
    assert np.std(shares) / 2 < np.mean(deviations) < 2 * np.std(shares)


def test_a_replicate_that_is_left_one_class_gives_that() -> None:
    features, labels = classes(9, [(0, 0), (4, 0)], 0)
    labels[:] = 0
    labels[0] = 1
    replicates = fit_replicates(features, labels, np.random.default_rng(0))
    assert sum(set(one(features).tolist()) == {0} for one in replicates) >= 1
