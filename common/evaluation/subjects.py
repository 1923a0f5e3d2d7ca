"""The pictures to measure, from a painter or a folder, with the labels that were requested.

`common.evaluation.observations` and the report read them by index, more than once; they are not kept in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from common.curation import Opinions
from common.data.dataset import UNLABELLED, DatasetDescription, HeldOut, PaintingDataset, Split, one_hot
from common.errors import UserError
from common.images import to_float, to_pictures, to_uint8
from common.preparing.pictures import LEAST_SIDE, Rejected
from common.preparing.sources.archives import open_files
from common.preparing.sources.collection import pictures_of
from common.preparing.sources.files import Entry
from common.preparing.squares import make_square, resize, trim
from common.randomness import Purpose, generator_for
from common.vocabulary import Vocabulary, require_same

SMALL = 64
"""Side, in pixels, of stage I's pictures."""


@runtime_checkable
class TrainedPainter(Protocol):
    """What evaluation needs from trained networks."""

    vocabulary: Vocabulary

    @property
    def weights(self) -> str:
        """Hashes of the weights."""

    def knows_styles(self, resolution: int) -> bool:
        """Return True if pictures of that size depend on the style."""

    def images(
        self,
        seeds: Sequence[int],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
        resolution: int,
        truncation: float = 1.0,
        style_strength: float = 1.0,
    ) -> Float[Tensor, "b 3 size size"]:
        """Paint one batch of pictures, with noise multiplied by `truncation` and styles by `style_strength`."""

    def opinions(self, images: UInt8[Tensor, "b 3 size size"], genres: Tensor, styles: Tensor) -> Opinions | None:
        """Return the outputs of the critic for that size, given those labels; None without a critic."""


class EnlargedPainter:
    """Paints another painter's pictures of 64 pixels, enlarged by Lanczos: a baseline for stage II."""

    def __init__(self, painter: TrainedPainter) -> None:
        self._painter = painter
        self.vocabulary = painter.vocabulary
        self.weights = f"{painter.weights}, stage I's pictures enlarged by Lanczos"

    def knows_styles(self, resolution: int) -> bool:
        """Return False: stage I takes no style."""
        return False

    def images(
        self,
        seeds: Sequence[int],
        genres: Tensor,
        styles: Tensor,
        resolution: int,
        truncation: float = 1.0,
        style_strength: float = 1.0,
    ) -> Tensor:
        """Paint one batch of pictures; ignores styles and their strength."""
        small = self._painter.images(seeds, genres, torch.zeros_like(styles), SMALL, truncation)
        large = np.stack([np.asarray(resize(picture, resolution)) for picture in to_pictures(small)])
        return to_float(torch.from_numpy(large).to(small.device))

    def opinions(self, images: UInt8[Tensor, "b 3 size size"], genres: Tensor, styles: Tensor) -> None:
        """Return None: no critic was trained on enlarged pictures."""


@dataclass(frozen=True)
class Subject:
    """n pictures and the labels requested for each."""

    name: str
    resolution: int
    origin: str
    """One line: where the pictures come from and how their labels were chosen."""
    genres: Int[np.ndarray, "n"]
    """Indices in the vocabulary, -1 without a request."""
    styles: Int[np.ndarray, "n"]
    read: Callable[[Sequence[int]], UInt8[Tensor, "b 3 size size"]]
    """Returns the pictures at some of the indices 0 to n - 1."""
    painter: TrainedPainter | None
    """Who painted the pictures; None for pictures from a folder."""
    seed: int
    """Seed of the first picture, and of the random draws of evaluation."""
    dataset: PaintingDataset
    """The paintings to measure on, with the vocabulary of `genres` and `styles`."""
    split: HeldOut
    """The held-out ones among them."""
    asked: Split | None = None
    """The paintings whose labels were requested, some of which may have several; None for pictures from a folder."""

    def __len__(self) -> int:
        return len(self.genres)

    @property
    def requests(self) -> Int[np.ndarray, "n"]:
        """A number for each picture that is equal for equal pairs of requested genre and style."""
        return self.genres * (len(self.dataset.vocabulary.styles) + 1) + self.styles

    def labels(self) -> tuple[tuple[str, tuple[str, ...], Int[np.ndarray, "n"]], ...]:
        """Return, for both kinds of label, the kind, the known names and the indices requested."""
        names = self.dataset.vocabulary
        return ("genre", tuple(names.genres), self.genres), ("style", tuple(names.styles), self.styles)


def simplexes(
    vocabulary: Vocabulary, labelled: Subject | Split, places: Sequence[int]
) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b s"]]:
    """Return the labels of some pictures as points: equal shares of several labels, all zeros without one."""
    source = labelled.asked if isinstance(labelled, Subject) and labelled.asked is not None else labelled
    num_genres, num_styles = len(vocabulary.genres), len(vocabulary.styles)
    if isinstance(source, Split):
        positions = np.asarray(places, dtype=np.int64)
        points = source.points("genre", positions, num_genres), source.points("style", positions, num_styles)
    else:
        points = one_hot(source.genres[places], num_genres), one_hot(source.styles[places], num_styles)
    return torch.from_numpy(points[0]), torch.from_numpy(points[1])


def painted_subject(
    painter: TrainedPainter,
    name: str,
    dataset: PaintingDataset,
    resolution: int,
    *,
    samples: int,
    seed: int,
    split: HeldOut,
    truncation: float = 1.0,
    style_strength: float = 1.0,
    caution: str = "",
) -> Subject:
    """Return the pictures of `samples` seeds, with labels as frequent as in a held-out split.

    `truncation` multiplies the noise of these pictures, `style_strength` their styles; the effect of the labels is
    measured with the painter's own. `caution` says why the figures may be too good, if there is a reason. Raise
    UserError if the painter knows other labels than the dataset.
    """
    vocabulary, place = dataset.vocabulary, str(dataset.folder)
    require_same(painter.vocabulary, vocabulary, name, place, "give the dataset it was trained on with --data")
    styles_asked = painter.knows_styles(resolution)
    asked = evaluation_labels(dataset, split, resolution, samples, seed=seed, styles_asked=styles_asked)

    def read(places: Sequence[int]) -> UInt8[Tensor, "b 3 size size"]:
        labels = simplexes(vocabulary, asked, places)
        seeds = [seed + place for place in places]
        return to_uint8(painter.images(seeds, *labels, resolution, truncation, style_strength)).cpu()

    kinds = ["genre"] * bool(vocabulary.genres) + ["style"] * (bool(vocabulary.styles) and styles_asked)
    what = f"pairs of {' and '.join(kinds)}" if len(kinds) > 1 else f"{''.join(kinds)}s"
    drawn = f"{what} drawn from the {split} split" if kinds else "no labels, as the weights know none"
    truncated = "" if truncation == 1 else f"truncation {truncation:g} (1 for the effect of the labels), "
    drawn += f", style strength {style_strength:g}" if "style" in kinds else ""
    origin = f"Weights {painter.weights}, seeds {seed} to {seed + samples - 1}, {truncated}{drawn}"
    origin += f"; {caution}" if caution else ""
    labels = asked.genres, asked.styles
    return Subject(name, resolution, origin, *labels, read, painter, seed, dataset, split, asked)


def evaluation_labels(
    dataset: PaintingDataset, split: HeldOut, resolution: int, samples: int, *, seed: int, styles_asked: bool
) -> Split:
    """Draw the paintings of a held-out split whose genres and styles to request.

    Raise UserError if the split is empty.
    """
    real = dataset.split(split, resolution)
    if not len(real):
        raise UserError(
            f"{dataset.folder} has no {split} paintings to measure on; prepare more paintings, of which 1 in 20 is one"
        )
    drawn = generator_for(seed, Purpose.EVALUATION_LABELS).integers(len(real), size=samples)
    asked = real.at(drawn)
    return asked if styles_asked else replace(asked, styles=np.full_like(asked.styles, UNLABELLED), all_styles=None)


def folder_subject(
    folder: Path,
    dataset: PaintingDataset,
    resolution: int | None = None,
    *,
    labels: Path | None = None,
    seed: int,
    split: HeldOut,
    limit: int | None = None,
) -> Subject:
    """Return the pictures of a folder or zip, trimmed, made square and resized as the dataset's were.

    By default at the dataset's smallest size. `labels` is their labels.csv if it lies elsewhere; labels that are not in
    the dataset's vocabulary are ignored. `limit` draws that many pictures at random. Reading raises UserError if a
    picture cannot be used: to skip it would change the figures without notice.
    """
    size = resolution or min(dataset.description.sizes)
    listing = pictures_of(open_files(folder), labels)
    listed: list[Entry] = list(listing.entries)
    drawn = generator_for(seed, Purpose.EVALUATION_LABELS).permutation(len(listed))[:limit]
    entries = [listed[place] for place in sorted(drawn.tolist())]
    vocabulary, description = dataset.vocabulary, dataset.description
    genres = np.array([_place(entry.record.genre, vocabulary.genre_weights) for entry in entries])
    styles = np.array([_place(entry.record.style, vocabulary.style_weights) for entry in entries])

    def read(places: Sequence[int]) -> UInt8[Tensor, "b 3 size size"]:
        return torch.stack([_read(entries[place], description, size) for place in places])

    known = [int((places != UNLABELLED).sum()) for places in (genres, styles)]
    trimmed = ", uniform borders cut off as in the dataset" if description.trimmed else ""
    origin = f"Pictures from a folder or zip{trimmed}, {known[0]} with a known genre, {known[1]} with a known style"
    return Subject(listing.name, size, origin, genres, styles, read, None, seed, dataset, split)


def _place(label: str, weights: Callable[[str], tuple[float, ...]]) -> int:
    """Return the index of a label in the vocabulary, or UNLABELLED, also for a family of several styles."""
    try:
        simplex = weights(label) if label else ()
    except UserError:
        return UNLABELLED
    return simplex.index(1.0) if 1.0 in simplex else UNLABELLED


def _read(entry: Entry, description: DatasetDescription, size: int) -> UInt8[Tensor, "3 size size"]:
    try:
        picture = trim(entry.decode(2 * LEAST_SIDE).image) if description.trimmed else entry.read()
    except Rejected as rejection:
        raise UserError(f"{entry.record.name}: {rejection}; repair the file or remove its row") from None
    if min(picture.size) < size and not description.enlarged:
        raise UserError(
            f"{entry.record.name}: {picture.width}x{picture.height} pixels would be enlarged to {size}, but no "
            "painting of the dataset was enlarged; give a smaller --resolution, or remove the picture"
        )
    picture = resize(make_square(picture, description.fit), size)
    return rearrange(torch.from_numpy(np.array(picture)), "h w c -> c h w")
