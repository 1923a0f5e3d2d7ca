"""Check the measures on real paintings: compare halves, styles, and paintings with blur or noise added.

Two halves of the training split must be close and two styles far apart, and distances must grow with blur and noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from PIL import Image, ImageFilter
from torch import Tensor

from common.data.dataset import PaintingDataset, Split
from common.errors import UserError
from common.evaluation.distances import fid, kid_of_all
from common.evaluation.features import FeatureNetwork
from common.evaluation.references import BATCH, Progress, features_of
from common.randomness import Purpose, generator_for

LEAST = 50
BLURS = (0.5, 1.0, 2.0, 4.0)
"""Standard deviations, in pixels of a picture of 64 pixels."""
NOISES = (8, 16, 32, 64)
"""Standard deviations, on the scale 0 to 255."""

Spoil = Callable[[UInt8[np.ndarray, "b h w 3"]], UInt8[np.ndarray, "b h w 3"]]


@dataclass(frozen=True)
class Comparison:
    """The distance between two sets of real paintings, of which one may be degraded."""

    name: str
    fid: float
    kid: float
    samples: int
    """Of each set."""


def check_measures(
    dataset: PaintingDataset, size: int, network: FeatureNetwork, progress: Progress, *, most: int, seed: int
) -> dict[str, list[Comparison]]:
    """Return comparisons by kind: `halves`, `styles`, and `blur` and `noise` in rising order.

    Each compares two sets of at most `most` paintings, drawn by `seed`. Raise UserError if there are too few.
    """
    if most < LEAST:
        raise UserError(f"sets of {most} paintings are too small to compare; ask for at least {LEAST}")
    train = dataset.split("train", size)
    random = generator_for(seed, Purpose.EVALUATION_RESAMPLING)
    places = random.permutation(len(train))
    count = min(most, len(train) // 2)
    if count < LEAST:
        raise UserError(
            f"{len(train)} training paintings are too few for two halves of {LEAST}; prepare at least {2 * LEAST}"
        )
    first, second = train.at(places[:count]), train.at(places[count : 2 * count])

    def look(split: Split, spoil: Spoil | None = None) -> Float[np.ndarray, "n f"]:
        return features_of(network, _batches(split, spoil), progress)

    real, other = look(first), look(second)
    found = {"halves": [_compare("one half against the other", real, other)], "styles": []}
    scale = size / 64
    found["blur"] = [
        _compare(f"blurred by {scale * radius:g} pixels", real, look(second, partial(_blurred, radius=scale * radius)))
        for radius in BLURS
    ]
    found["noise"] = [
        _compare(f"noise of {level} of 255", real, look(second, partial(_noisy, level=level))) for level in NOISES
    ]
    names = list(dataset.vocabulary.styles)
    common = sorted(range(len(names)), key=lambda style: -int((train.styles == style).sum()))
    sizes = [int((train.styles == style).sum()) for style in common]
    enough = [style for style, number in zip(common, sizes, strict=True) if number >= LEAST]
    parts = {style: train.at(random.permutation(np.flatnonzero(train.styles == style))[:most]) for style in enough}
    looked = {style: look(part) for style, part in parts.items()}
    for style in enough[1:]:
        found["styles"].append(_compare(f"{names[enough[0]]} against {names[style]}", looked[enough[0]], looked[style]))
    return found


def _compare(name: str, first: Float[np.ndarray, "n f"], second: Float[np.ndarray, "m f"]) -> Comparison:
    count = min(len(first), len(second))
    first, second = first[:count], second[:count]
    return Comparison(name, fid(first, second), kid_of_all(first, second), count)


def _batches(split: Split, spoil: Spoil | None) -> Iterator[UInt8[Tensor, "b 3 h w"]]:
    for start in range(0, len(split), BATCH):
        images = split.pictures(np.arange(start, min(start + BATCH, len(split))))
        spoilt = images if spoil is None else torch.from_numpy(spoil(images.cpu().numpy()))
        yield rearrange(spoilt, "b h w c -> b c h w")


def _blurred(images: UInt8[np.ndarray, "b h w 3"], radius: float) -> UInt8[np.ndarray, "b h w 3"]:
    return np.stack([np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))) for image in images])


def _noisy(images: UInt8[np.ndarray, "b h w 3"], level: float) -> UInt8[np.ndarray, "b h w 3"]:
    noise = np.random.default_rng(0).normal(scale=level, size=images.shape)
    return (images + noise).round().clip(0, 255).astype(np.uint8)
