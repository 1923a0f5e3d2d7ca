"""How far a generator is from held-out paintings: a painter and a dataset in, a report out.

The report says everything that its FID depends on: split, counts, seed, features, resize filters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from common.config import as_values, settings
from common.data.dataset import PaintingDataset, Split, one_hot
from common.errors import UserError
from common.evaluation.features import FeatureNetwork
from common.evaluation.fid import FidMeter
from common.images import as_pictures, labelled_grid, to_pictures, to_uint8
from common.randomness import Purpose, generator_for

BATCH = 32
GRID_ROWS, GRID_COLUMNS = 6, 10

Paint = Callable[
    [Sequence[int], Float[Tensor, "b k"], Float[Tensor, "b s"]],
    Float[Tensor, "b 3 size size"],
]
"""Paints one batch from seeds, genres and styles."""


@settings
class EvaluationReport:
    """What report.json holds."""

    weights: str
    """Hashes of the weights that painted."""
    resolution: int
    dataset: str
    split: str
    """The paintings that the generator is compared with."""
    fid: float
    """Of generated pictures against the split; lower is nearer."""
    fid_of_training_paintings: float
    """Of real training paintings against the split: what a perfect generator would score with this many samples."""
    num_generated: int
    num_real: int
    num_training_paintings: int
    seed: int
    """The generated pictures have this seed and the next ones."""
    labels: str
    """How the labels of the generated pictures were chosen."""
    features: str
    features_description: str
    dataset_resize_filter: str
    """By which the paintings came to `resolution`."""

    def lines(self) -> list[str]:
        """The report for a person."""
        return [
            f"FID {self.fid:.2f}: {self.num_generated} generated against {self.num_real} {self.split} paintings "
            f"at {self.resolution} pixels",
            f"FID {self.fid_of_training_paintings:.2f}: {self.num_training_paintings} real training paintings against "
            f"the same, the mark to reach",
            f"features: {self.features_description}",
            f"paintings resized by {self.dataset_resize_filter}; labels {self.labels}; seeds from {self.seed}; "
            f"weights {self.weights}",
        ]


def evaluate(
    paint: Paint,
    weights: str,
    dataset: PaintingDataset,
    resolution: int,
    network: FeatureNetwork,
    out: Path,
    *,
    samples: int,
    seed: int,
) -> EvaluationReport:
    """Measure FID against the test split; write `report.json`, `samples.png`, and `real.png` to hold it against.

    Labels are drawn as the pairs of genre and style occur in the test split. Raises UserError where the split or
    the number of samples is too small for a FID.
    """
    test, train = dataset.split("test", resolution), dataset.split("train", resolution)
    if min(samples, len(test), len(train)) < 2:
        raise UserError(
            f"{samples} samples, {len(test)} test and {len(train)} training paintings: a FID needs at least 2 of each"
        )
    random = generator_for(seed, Purpose.EVALUATION_LABELS)
    real = random.permutation(len(train))[: min(samples, len(train))]
    labels = random.integers(len(test), size=samples)
    meter = FidMeter(network)
    progress = tqdm(total=len(test) + len(real) + samples, unit="picture", dynamic_ncols=True, mininterval=1.0)
    for images in _stored(test, np.arange(len(test))):
        meter.update(images, real=True)
        progress.update(len(images))
    for images in _stored(train, real):
        meter.update(images, real=False)
        progress.update(len(images))
    floor = meter.compute()
    meter.reset_generated()
    shown: list[Tensor] = []
    for start in range(0, samples, BATCH):
        chosen = labels[start : start + BATCH]
        genres = torch.from_numpy(one_hot(test.genres[chosen], len(dataset.vocabulary.genres)))
        styles = torch.from_numpy(one_hot(test.styles[chosen], len(dataset.vocabulary.styles)))
        painted = paint(range(seed + start, seed + start + len(chosen)), genres, styles)
        meter.update(to_uint8(painted), real=False)
        progress.update(len(chosen))
        if start < GRID_ROWS * GRID_COLUMNS:
            shown.append(painted.cpu())
    progress.close()
    result = meter.compute()
    report = EvaluationReport(
        weights=weights,
        resolution=resolution,
        dataset=dataset.description.source,
        split="test",
        fid=result.value,
        fid_of_training_paintings=floor.value,
        num_generated=result.num_generated,
        num_real=result.num_real,
        num_training_paintings=floor.num_generated,
        seed=seed,
        labels="drawn as the pairs of genre and style occur in the test split",
        features=network.name,
        features_description=network.description,
        dataset_resize_filter=dataset.description.resize_filter,
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(as_values(report), indent=2), encoding="utf-8")
    _save_grid(to_pictures(torch.cat(shown)), out / "samples.png", _seed_names(seed))
    some = test.pictures(random.permutation(len(test))[: GRID_ROWS * GRID_COLUMNS])
    _save_grid(as_pictures(some.numpy()), out / "real.png", ["test split"] * GRID_ROWS)
    return report


def _stored(split: Split, positions: Int[np.ndarray, "n"]) -> Iterator[UInt8[Tensor, "b 3 h w"]]:
    for start in range(0, len(positions), BATCH):
        yield rearrange(split.pictures(positions[start : start + BATCH]), "b h w c -> b c h w")


def _seed_names(seed: int) -> list[str]:
    return [f"seeds {seed + row * GRID_COLUMNS}…" for row in range(GRID_ROWS)]


def _save_grid(pictures: Sequence[Image.Image], path: Path, names: Sequence[str]) -> None:
    """The first pictures, as they came: none is picked."""
    starts = range(0, min(len(pictures), GRID_ROWS * GRID_COLUMNS), GRID_COLUMNS)
    rows = [pictures[start : start + GRID_COLUMNS] for start in starts]
    labelled_grid(rows, names[: len(rows)]).save(path)
