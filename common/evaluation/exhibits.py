"""The pictures of a report: random pictures, the same noise with every label, and the nearest paintings."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from einops import rearrange
from jaxtyping import Int, UInt8
from PIL import Image
from torch import Tensor

from common.curation import favourites
from common.data.dataset import PaintingDataset
from common.evaluation.measurements import Measurements
from common.evaluation.responses import answered_labels, same_noise
from common.evaluation.subjects import Subject
from common.images import as_pictures, labelled_grid
from common.randomness import Purpose, generator_for

COLUMNS = 10
RANDOM_ROWS = 6
NOISE_ROWS = 4
CURATED = 40


@dataclass(frozen=True)
class Pair:
    """A generated picture and its nearest training painting."""

    generated: Image.Image
    painting: Image.Image
    caption: str
    distance: float


@dataclass(frozen=True)
class Exhibits:
    """All sheets and pairs of a report, in the order of the page."""

    random: Image.Image
    real: Image.Image
    by_label: dict[str, Image.Image]
    """By `genre` and `style`: one row per label."""
    same_noise: dict[str, Image.Image]
    """By `genre` and `style`: one row per seed, one column per label."""
    curated: Image.Image | None
    pairs: tuple[Pair, ...]


def gather_exhibits(subject: Subject, dataset: PaintingDataset, measured: Measurements) -> Exhibits:
    """Read the pictures of a report. Only the critic's favourites are selected; all others are the first or random."""
    count = RANDOM_ROWS * COLUMNS
    held_out = dataset.split(subject.split, subject.resolution)
    some = generator_for(subject.seed, Purpose.EVALUATION_RESAMPLING, 1).permutation(len(held_out))[:count]
    return Exhibits(
        random=_sheet(_read(subject, range(min(count, len(subject))))),
        real=_sheet(as_pictures(held_out.pictures(some).cpu().numpy())),
        by_label=_by_label(subject),
        same_noise=_same_noise(subject),
        curated=_curated(subject, np.array(measured.ranking)) if measured.ranking else None,
        pairs=_pairs(subject, dataset, measured),
    )


def _curated(subject: Subject, order: Int[np.ndarray, "n"]) -> Image.Image:
    return _sheet(_read(subject, favourites(order, subject.requests)[:CURATED].tolist()))


def data_address(picture: Image.Image) -> str:
    """Return the picture as a data URL: PNG if it is small, else JPEG."""
    file = io.BytesIO()
    if picture.width * picture.height <= 400_000:
        picture.save(file, "PNG")
        kind = "png"
    else:
        picture.save(file, "JPEG", quality=88)
        kind = "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def _read(subject: Subject, places: Sequence[int]) -> list[Image.Image]:
    pictures: list[Image.Image] = []
    for start in range(0, len(places), COLUMNS):
        pictures += _pictures(subject.read(places[start : start + COLUMNS]))
    return pictures


def _pictures(images: UInt8[Tensor, "b 3 h w"]) -> list[Image.Image]:
    return as_pictures(rearrange(images, "b c h w -> b h w c").cpu().numpy())


def _sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    rows = [pictures[start : start + COLUMNS] for start in range(0, len(pictures), COLUMNS)]
    return labelled_grid(rows, [""] * len(rows))


def _by_label(subject: Subject) -> dict[str, Image.Image]:
    sheets: dict[str, Image.Image] = {}
    for kind, names, labels in (
        ("genre", subject.vocabulary.genres, subject.genres),
        ("style", subject.vocabulary.styles, subject.styles),
    ):
        chosen = {name: _first(labels, place) for place, name in enumerate(names)}
        chosen = {name: places for name, places in chosen.items() if places}
        if chosen:
            sheets[kind] = labelled_grid([_read(subject, places) for places in chosen.values()], list(chosen))
    return sheets


def _first(labels: Int[np.ndarray, "n"], label: int) -> list[int]:
    places: list[int] = np.flatnonzero(labels == label)[:COLUMNS].tolist()
    return places


def _same_noise(subject: Subject) -> dict[str, Image.Image]:
    seeds = range(subject.seed, subject.seed + NOISE_ROWS)
    return {
        kind: labelled_grid(
            [_pictures(same_noise(subject.painter, kind, subject.resolution, seed)) for seed in seeds],
            [f"seed {seed}" for seed in seeds],
            names,
        )
        for kind, names in answered_labels(subject.painter, subject.resolution).items()
        if subject.painter is not None
    }


def _pairs(subject: Subject, dataset: PaintingDataset, measured: Measurements) -> tuple[Pair, ...]:
    copies = measured.novelty.nearest
    stored = dataset.pictures(subject.resolution, [copy.row for copy in copies])
    captions = dataset.captions([copy.row for copy in copies])
    generated = _read(subject, [copy.place for copy in copies])
    return tuple(
        Pair(picture, painting, caption, copy.distance)
        for picture, painting, caption, copy in zip(generated, as_pictures(stored), captions, copies, strict=True)
    )
