"""Measure FID on the validation split during training, with pictures of fixed seeds that the processes share.

Labels, seeds and features are those of `scripts/evaluate.py run … --split validation`, so equal numbers of samples give
equal figures. The test split is not read: it must not choose the weights that it measures later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from accelerate import Accelerator
from jaxtyping import Float
from torch import Tensor

from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.evaluation.distances import fid
from common.evaluation.features import default_feature_network, features_of, load_feature_network, split_features
from common.evaluation.subjects import evaluation_labels, simplexes
from common.images import to_uint8
from common.runs.config import LoggingSettings
from common.shares import BATCH, Share

Paint = Callable[[Sequence[int], Float[Tensor, "b k"], Float[Tensor, "b s"]], Float[Tensor, "b 3 h w"]]
"""Paints pictures of seeds, genres and styles with the averaged weights."""


class ValidationFid:
    """Measures the FID of a run. Every method is collective."""

    def __init__(
        self,
        logging: LoggingSettings,
        dataset: PaintingDataset,
        resolution: int,
        paint: Paint,
        accelerator: Accelerator,
        *,
        paints_styles: bool,
    ) -> None:
        """Raise UserError if the feature network does not load or there are too few validation paintings."""
        num_real = len(dataset.split("validation", resolution))
        if num_real < 2:
            raise UserError(
                f"logging.fid_every: {dataset.folder} has {num_real} validation paintings, but FID "
                "needs at least 2; prepare more pictures, or train without FID: --set logging.fid_every=0"
            )
        try:
            self._network = load_feature_network(default_feature_network(), device=accelerator.device)
        except UserError as error:
            raise UserError(f"logging.fid_every: {error}; or train without FID: --set logging.fid_every=0") from None
        self._dataset, self._resolution, self._paint = dataset, resolution, paint
        self._share = Share(accelerator.process_index, accelerator.num_processes)
        places = evaluation_labels(
            dataset, "validation", resolution, logging.fid_samples, seed=0, styles_asked=paints_styles
        )
        self._genres, self._styles = simplexes(dataset.vocabulary, *places)

    def measure(self) -> float:
        """Return the FID of the current averaged weights."""
        own = self._share.of(len(self._genres))
        batches = (own[start : start + BATCH] for start in range(0, len(own), BATCH))
        pictures = (to_uint8(self._paint(seeds, self._genres[seeds], self._styles[seeds])) for seeds in batches)
        return fid(self._real, features_of(self._network, pictures, self._share))

    @cached_property
    def _real(self) -> Float[np.ndarray, "n f"]:
        return split_features(self._dataset, "validation", self._resolution, self._network, self._share)
