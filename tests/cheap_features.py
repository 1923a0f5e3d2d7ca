"""Features that cost little, or nothing where a test asks whether something is measured, not how well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from torch import Tensor, nn

from common.evaluation import features
from common.evaluation.features import FeatureNetwork


class Fields(nn.Module):
    """Mean colours of 4x4 fields."""

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(images / 255, 4).flatten(1)


def fields() -> FeatureNetwork:
    """As a feature network."""
    return FeatureNetwork("fields", Fields(), num_features=48, description="mean colours of 4x4 fields")


@contextmanager
def measured_by_fields() -> Iterator[None]:
    """Stand in for whatever network is asked for."""
    with pytest.MonkeyPatch.context() as patched:
        for loader in ("_load_efficientnet_lite0", "_load_inception"):
            patched.setattr(features, loader, lambda weights: fields())
        yield


@contextmanager
def measured_at_96_pixels() -> Iterator[None]:
    """Have EfficientNet-Lite0 look at pictures of 96 pixels, not 224: a fifth of the time, and still good eyes."""
    load = features._load_efficientnet_lite0

    def load_small(weights: Path | None) -> FeatureNetwork:
        network = load(weights)
        network.network.input_size = 96
        # Features are kept under the network's description.
        network.description = network.description.replace("224x224", "96x96")
        return network

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(features, "_load_efficientnet_lite0", load_small)
        yield
