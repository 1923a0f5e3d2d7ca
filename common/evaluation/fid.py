"""Fréchet inception distance between two sets of uint8 pictures; the mathematics is torchmetrics'.

Pictures enter in batches, a `FidResult` leaves that says what it was measured with.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from common.evaluation.features import FeatureNetwork


@dataclass(frozen=True, kw_only=True)
class FidResult:
    """A distance, and what has to be known to compare it with another."""

    value: float
    """‖μ_r − μ_g‖² + tr(Σ_r + Σ_g − 2(Σ_r Σ_g)^½), in squared feature units; rounding may put equal sets
    slightly below 0. It falls with the number of samples: compare at equal numbers only."""
    num_real: int
    """Real pictures, over all processes."""
    num_generated: int
    """Generated pictures, over all processes."""
    features: str
    """Name of the feature network."""
    description: str
    """The feature network's own line: weights, input size, resize filter."""


class FidMeter:
    """Streams real and generated pictures and gives their FID (Heusel et al. 2017, eq. 6).

    ```python
    meter = FidMeter(load_feature_network("efficientnet-lite0"))
    for images in paintings:
        meter.update(images, real=True)
    for images in generated:
        meter.update(images, real=False)
    result = meter.compute()
    ```

    The real statistics stay over `reset_generated`, for another generated set against the same paintings.
    On several processes each one updates with its own share, every picture in exactly one share (a sampler
    that repeats pictures to make shares equal gives a wrong FID; unequal and empty shares are right).
    """

    def __init__(self, network: FeatureNetwork) -> None:
        from torchmetrics.image.fid import FrechetInceptionDistance

        self.network = network
        # The counts of all processes exist only while the metric is synced, so `compute` here does the
        # syncing and not torchmetrics' own `compute`.
        self._metric = FrechetInceptionDistance(
            feature=_FeaturesAsGiven(network.num_features), reset_real_features=False, sync_on_compute=False
        ).to(network.device)

    def update(self, images: Tensor, *, real: bool) -> None:
        """Add a batch of uint8 pictures [b 3 h w] in 0..255, of any size, on any device.

        Raises `ValueError` for pictures of another type or shape.
        """
        self.update_features(self.network(images), real=real)

    def update_features(self, features: Float[Tensor, "b f"], *, real: bool) -> None:
        """Add pictures by their features from this meter's network, where these serve other measures too."""
        self._metric.update(features.to(self._metric.device), real=real)

    def reset_generated(self) -> None:
        """Forget the generated pictures, keep the real ones."""
        self._metric.reset()

    def compute(self) -> FidResult:
        """FID of what all processes have added so far; the meter can be updated further afterwards.

        Collective: every process has to call it, and every one gets the same result. On one process alone it
        waits for the others for ever. Raises `ValueError`, on every process, below two pictures of a kind.
        """
        # A process with an empty share has never been updated, which torchmetrics' compute does not survive.
        self.update_features(torch.empty(0, self.network.num_features), real=False)

        value = None
        with self._metric.sync_context():
            num_real = int(self._metric.real_features_num_samples)
            num_generated = int(self._metric.fake_features_num_samples)
            # An exception inside the context would leave the metric holding the sums of all processes.
            if min(num_real, num_generated) >= 2:
                value = float(self._metric.compute())

        if value is None:
            raise ValueError(
                f"FID needs at least 2 real and 2 generated pictures, got {num_real} real and "
                f"{num_generated} generated; add more with update"
            )
        return FidResult(
            value=value,
            num_real=num_real,
            num_generated=num_generated,
            features=self.network.name,
            description=self.network.description,
        )


class _FeaturesAsGiven(nn.Module):
    """Stands where torchmetrics expects the network, so that the network stays out of its hands.

    torchmetrics would convert the network's weights along with the sums (`set_dtype`) and would round the
    result to the features' type, which is why they go in as float64.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Float[Tensor, "b f"]) -> Float64[Tensor, "b f"]:
        return features.double()
