"""Power spectra of pictures. Blur lacks high frequencies, noise has too much of them, a grid has a peak."""

from __future__ import annotations

import numpy as np
import torch
from einops import reduce
from jaxtyping import Float, UInt8
from torch import Tensor

DECIBEL = 10.0


def log_spectra(images: UInt8[Tensor, "b 3 size size"]) -> Float[np.ndarray, "b r"]:
    """Return the power in decibels of each picture's brightness at 1, 2, … size / 2 cycles per side, in all directions.

    Subtracts the mean and applies a Hann window, so that the picture's edges do not count as detail.
    """
    grey = reduce(images.float(), "b c h w -> b h w", "mean")
    size = grey.shape[-1]
    window = torch.hann_window(size, periodic=False, device=grey.device)
    detail = (grey - grey.mean(dim=(1, 2), keepdim=True)) * torch.outer(window, window)
    power = torch.fft.fft2(detail).abs().square().flatten(1)
    cycles = torch.fft.fftfreq(size, 1 / size, device=grey.device)
    radius = torch.hypot(cycles[:, None], cycles[None, :]).round().long().flatten()
    rings = power.new_zeros(len(power), int(radius.max()) + 1).index_add_(1, radius, power)
    means = rings / radius.bincount().clamp(min=1)
    # The noise of rounding to grey levels is the floor: a uniform picture would give log(0).
    floor = float(window.square().sum() ** 2) / 12
    return (DECIBEL * (means[:, 1 : size // 2 + 1] + floor).log10()).cpu().numpy()


def spectral_distance(first: Float[np.ndarray, "n r"], second: Float[np.ndarray, "m r"]) -> float:
    """Return the mean difference in decibels, over frequencies, between the mean spectra of two sets."""
    return float(np.abs(first.mean(axis=0) - second.mean(axis=0)).mean())
