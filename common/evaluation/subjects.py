"""What is measured: pictures with the labels that were asked of them, from a painter or from a folder.

`common.evaluation.measures` reads them by their places, as often as it likes: nothing is kept in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from common.curation import Opinions
from common.data.dataset import UNLABELLED, DatasetDescription, HeldOut, PaintingDataset, one_hot
from common.data.pictures import Rejected, make_square, resize, trim
from common.data.sources.listing import Entry, Source
from common.errors import UserError
from common.images import to_float, to_pictures, to_uint8
from common.randomness import Purpose, generator_for
from common.vocabulary import Vocabulary

SMALL = 64
"""Side, in pixels, of stage I's pictures."""
TRAINED_ELSEWHERE = "trained on another preparation of its pictures, which may hold some of these held-out paintings"
TRAINED_SOMEWHERE = "what it was trained on is not known here"
CHOSEN_BY_THEM = "chosen among the weights of its run by its FID on these paintings, and looks better by it than it is"


@runtime_checkable
class TrainedPainter(Protocol):
    """What evaluation asks of a trained pair of networks."""

    vocabulary: Vocabulary

    @property
    def weights(self) -> str:
        """Hashes of the weights."""
        ...

    def knows_styles(self, resolution: int) -> bool:
        """Whether pictures of that size answer to a style."""
        ...

    def images(
        self,
        seeds: Sequence[int],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
        resolution: int,
        truncation: float = 1.0,
    ) -> Float[Tensor, "b 3 size size"]:
        """One batch of pictures, their noise multiplied by `truncation`."""
        ...

    def opinions(self, images: UInt8[Tensor, "b 3 size size"], genres: Tensor, styles: Tensor) -> Opinions | None:
        """What the critic of that size says of pictures as paintings of those labels; None where there is none."""
        ...


class EnlargedPainter:
    """Another painter's pictures of 64 pixels, enlarged by a filter: what stage II has to do better than."""

    def __init__(self, painter: TrainedPainter) -> None:
        self._painter = painter
        self.vocabulary = painter.vocabulary

    @property
    def weights(self) -> str:
        """Those of the painter, and the filter."""
        return f"{self._painter.weights}, stage I's pictures enlarged by Lanczos"

    def knows_styles(self, resolution: int) -> bool:
        """None: stage I does not hear the style."""
        return False

    def images(
        self,
        seeds: Sequence[int],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
        resolution: int,
        truncation: float = 1.0,
    ) -> Float[Tensor, "b 3 size size"]:
        """One batch of pictures; `styles` change nothing."""
        small = self._painter.images(seeds, genres, torch.zeros_like(styles), SMALL, truncation)
        pictures = [resize(picture, resolution) for picture in to_pictures(small)]
        stored = torch.from_numpy(np.stack([np.array(picture) for picture in pictures]))
        return to_float(stored.to(small.device))

    def opinions(self, images: UInt8[Tensor, "b 3 size size"], genres: Tensor, styles: Tensor) -> None:
        """None: no critic was trained on enlarged pictures."""


@dataclass(frozen=True)
class Subject:
    """n pictures and what was asked of each."""

    name: str
    resolution: int
    origin: str
    """Where the pictures come from and how their labels were chosen, in a line."""
    genres: Int[np.ndarray, "n"]
    """Places in the vocabulary, -1 where nothing was asked."""
    styles: Int[np.ndarray, "n"]
    read: Callable[[Sequence[int]], UInt8[Tensor, "b 3 size size"]]
    """The pictures at some of the places 0 to n - 1."""
    painter: TrainedPainter | None
    """Who painted them, where that can be asked for more."""
    seed: int
    """Of the first picture; also of what evaluation draws at random."""

    vocabulary: Vocabulary
    """What genres and styles are places in."""
    split: HeldOut
    """The paintings that it is measured by."""

    def __len__(self) -> int:
        return len(self.genres)

    @property
    def requests(self) -> Int[np.ndarray, "n"]:
        """The number of the pair of genre and style that was asked at each place."""
        pairs = np.stack([self.genres, self.styles], axis=1)
        numbers: Int[np.ndarray, "n"] = np.unique(pairs, axis=0, return_inverse=True)[1].ravel()
        return numbers

    def conditions(self, places: Sequence[int]) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b s"]]:
        """What was asked at some places, as points of the genre and style simplex."""
        chosen = np.asarray(places)
        return simplex(self.genres[chosen], self.vocabulary.genres), simplex(
            self.styles[chosen], self.vocabulary.styles
        )


def simplex(places: Int[np.ndarray, "b"], names: Sized) -> Float[Tensor, "b k"]:
    """One-hot points; all zeros where nothing was asked."""
    return torch.from_numpy(one_hot(places, len(names)))


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
    caution: str = "",
) -> Subject:
    """Pictures of `samples` seeds, with labels drawn as the pairs of genre and style occur in a held-out split.

    `truncation` multiplies the noise of these pictures; how the painter answers to labels is measured without it.
    `caution` is why the figures may be too good, where there is a reason.
    """
    genres, styles = evaluation_labels(
        dataset, split, resolution, samples, seed=seed, styles_asked=painter.knows_styles(resolution)
    )
    vocabulary = dataset.vocabulary

    def read(places: Sequence[int]) -> UInt8[Tensor, "b 3 size size"]:
        chosen = np.asarray(places)
        asked = simplex(genres[chosen], vocabulary.genres), simplex(styles[chosen], vocabulary.styles)
        return to_uint8(painter.images([seed + place for place in places], *asked, resolution, truncation)).cpu()

    truncated = "" if truncation == 1 else f"truncation {truncation:g} (1 for the answers to labels), "
    labels = _asked(bool(vocabulary.genres), bool(vocabulary.styles) and painter.knows_styles(resolution), split)
    origin = f"Weights {painter.weights}, seeds {seed} to {seed + samples - 1}, {truncated}{labels}"
    if caution:
        origin += f"; {caution}"
    return Subject(name, resolution, origin, genres, styles, read, painter, seed, vocabulary, split)


def _asked(genres: bool, styles: bool, split: HeldOut) -> str:
    """How the labels of each picture were chosen, in words."""
    if not genres and not styles:
        return "no labels, as there are none to ask for"
    drawn = "pairs of genre and style" if genres and styles else "genres" if genres else "styles"
    return f"labels drawn as the {drawn} occur in the {split} split"


def evaluation_labels(
    dataset: PaintingDataset, split: HeldOut, resolution: int, samples: int, *, seed: int, styles_asked: bool
) -> tuple[Int[np.ndarray, "n"], Int[np.ndarray, "n"]]:
    """Places of the genres and styles to ask for: as their pairs occur in a held-out split.

    Raises UserError where that holds nothing.
    """
    real = dataset.split(split, resolution)
    if not len(real):
        raise UserError(
            f"{dataset.folder} holds no {split} paintings to measure by, one of some twenty; prepare more paintings"
        )
    drawn = generator_for(seed, Purpose.EVALUATION_LABELS).integers(len(real), size=samples)
    genres, styles = real.genres[drawn], real.styles[drawn]
    return genres, styles if styles_asked else np.full_like(styles, UNLABELLED)


def folder_subject(
    source: Source,
    dataset: PaintingDataset,
    resolution: int,
    *,
    seed: int,
    split: HeldOut,
    limit: int | None = None,
) -> Subject:
    """Pictures from anywhere, trimmed, made square and brought to `resolution` as the dataset's were.

    `limit` takes that many of them, drawn at random. Labels are those of the source where the dataset's vocabulary
    knows them. Raises UserError where a picture cannot be used: leaving it out would change the figures in silence.
    """
    listed: list[Entry] = list(source.listing().entries)
    drawn = generator_for(seed, Purpose.EVALUATION_LABELS).permutation(len(listed))[:limit]
    entries = [listed[place] for place in sorted(drawn.tolist())]
    vocabulary = dataset.vocabulary
    genres = [_place(entry.record.genre, vocabulary.genre_weights) for entry in entries]
    styles = [_place(entry.record.style, vocabulary.style_weights) for entry in entries]
    description = dataset.description

    def read(places: Sequence[int]) -> UInt8[Tensor, "b 3 size size"]:
        return torch.stack([_read(entries[place], description, resolution) for place in places])

    known = sum(genre != UNLABELLED for genre in genres), sum(style != UNLABELLED for style in styles)
    trimmed = ", even borders cut off as the dataset's were" if description.trimmed else ""
    origin = f"As they lie there{trimmed}, {known[0]} with a known genre, {known[1]} with a known style"
    return Subject(
        source.name, resolution, origin, np.array(genres), np.array(styles), read, None, seed, vocabulary, split
    )


def _place(label: str, weights: Callable[[str], tuple[float, ...]]) -> int:
    """The vocabulary's place of a label; a family of several styles is none."""
    try:
        simplex = weights(label) if label else ()
    except UserError:
        return UNLABELLED
    return simplex.index(1.0) if 1.0 in simplex else UNLABELLED


def _read(entry: Entry, description: DatasetDescription, size: int) -> UInt8[Tensor, "3 size size"]:
    try:
        picture = entry.read()
    except Rejected as rejection:
        raise UserError(f"{entry.record.name}: {rejection}; mend the file or remove its row") from None
    if description.trimmed:
        picture = trim(picture)
    if min(picture.size) < size and not description.enlarged:
        raise UserError(
            f"{entry.record.name}: {picture.width}x{picture.height} pixels would be enlarged to {size}, which no "
            "painting of the dataset was; give a smaller --resolution, or remove the picture"
        )
    picture = resize(make_square(picture, description.fit), size)
    return rearrange(torch.from_numpy(np.array(picture)), "h w c -> c h w")
