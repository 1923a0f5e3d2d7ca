"""Batches as large as the device takes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from common.errors import UserError
from stage2.painter.batches import CPU_BATCH, DEVICE_BATCH, Batches
from stage2.painter.requests import Request


def batches(fits: int, device: str = "cuda") -> Batches:
    """Of a device whose memory takes so many pictures; each picture holds its seed."""

    def paint(requests: Sequence[Request]) -> torch.Tensor:
        if len(requests) > fits:
            raise torch.OutOfMemoryError("out of memory")
        return torch.tensor([float(request.seed) for request in requests])[:, None, None, None].expand(-1, 3, 1, 1)

    return Batches(paint, torch.device(device))


def test_a_batch_is_halved_until_it_fits_and_stays_so() -> None:
    several = batches(fits=70)
    found = list(several.of(Request(seed=seed, resolution=64) for seed in range(300)))
    assert [len(requests) for requests, _ in found] == [64, 64, 64, 64, 44]
    assert torch.cat([images[:, 0, 0, 0] for _, images in found]).tolist() == list(range(300))
    assert all(len(requests) == len(images) for requests, images in found)


def test_a_batch_has_one_resolution() -> None:
    requests = [Request(seed=seed, resolution=64 if seed < 3 else 128) for seed in range(40)]
    sizes = [len(some) for some, _ in batches(10**6, "cpu").of(requests)]
    assert sizes == [3, CPU_BATCH, CPU_BATCH, 5]
    assert [len(some) for some, _ in batches(10**6).of([requests[0]] * (DEVICE_BATCH + 1))] == [DEVICE_BATCH, 1]


def test_a_device_too_small_for_one_picture_is_named() -> None:
    with pytest.raises(UserError, match="--device cpu"):
        list(batches(fits=0).of([Request(resolution=64)]))
