"""Features that cost little, or nothing where a test asks whether something is measured, not how well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from einops import reduce
from torch import Tensor, nn

from common.backbones import EfficientNetLite
from common.evaluation import classifier, features, report
from common.evaluation.features import FeatureNetwork


class Fields(nn.Module):
    """Mean colours of 4x4 fields."""

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(images / 255, 4).flatten(1)


def fields(name: str = "fields") -> FeatureNetwork:
    """As a feature network."""
    return FeatureNetwork(name, Fields(), num_features=48, description="mean colours of 4x4 fields")


@contextmanager
def measured_by_fields() -> Iterator[None]:
    """Stand in for whatever network is asked for, and for the second ruler."""
    with pytest.MonkeyPatch.context() as patched:
        for loader in ("_load_efficientnet_lite", "_load_inception"):
            patched.setattr(features, loader, lambda *_: fields())
        patched.setattr(report, "dataset_classifier", lambda *_: fields("ruler"))
        yield


class Fewer(nn.Module):
    """Means of eight features each."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return reduce(self.network(images), "b (f eight) -> b f", "mean", eight=8)


@contextmanager
def measured_by_small_features() -> Iterator[None]:
    """EfficientNet-Lite at half the side and with an eighth of the features, and a ruler that hardly trained."""
    load = features._load_efficientnet_lite

    def load_small(name: EfficientNetLite, weights: Path | None) -> FeatureNetwork:
        whole = load(name, weights)
        whole.network.input_size = 96
        # Features are kept under the description.
        return FeatureNetwork(
            whole.name, Fewer(whole.network), num_features=160, description=f"small {whole.description}"
        )

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(features, "_load_efficientnet_lite", load_small)
        patched.setattr(classifier, "PICTURES", 64)
        yield
