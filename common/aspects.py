"""The shapes of paintings, as width divided by height: what a dataset knows of them, and how a painting gets one.

A dataset whose pictures were squashed to squares keeps the shapes that they had, for each genre. They travel in the
vocabulary of runs and exports, and `stage2.painter` gives a painting one of them back.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from common.errors import UserError
from common.randomness import Purpose, generator_for

AS_TRAINED = "as-trained"
SQUARE = "1:1"
EVERY_GENRE = "any"
"""Key of the shapes of all paintings, with or without a genre; no genre can have this name."""
NUM_SHAPES = 16
"""Shapes to keep of a genre, each standing for as many of its paintings."""
LONGEST = 10
"""Largest ratio of the longer to the shorter side."""


def shapes_by_genre(genres: Sequence[str], aspects: Sequence[float]) -> dict[str, tuple[float, ...]]:
    """Return NUM_SHAPES of the aspects of each genre's paintings and of all, evenly spread, from tall to wide."""
    grouped: dict[str, list[float]] = defaultdict(list)
    for genre, aspect in zip(genres, aspects, strict=True):
        grouped[EVERY_GENRE].append(aspect)
        if genre:
            grouped[genre].append(aspect)
    middles = (np.arange(NUM_SHAPES) + 0.5) / NUM_SHAPES
    found = {genre: np.quantile(some, middles, method="nearest") for genre, some in sorted(grouped.items())}
    return {genre: tuple(round(float(shape), 4) for shape in shapes) for genre, shapes in found.items()}


def require_aspect(text: str, shapes: Mapping[str, Sequence[float]]) -> str:
    """Return what a user asks for, `3:4` or `as-trained`, as it is written. Raises UserError.

    `shapes` are those that the weights know.
    """
    written = text.strip().lower()
    if written == AS_TRAINED and not shapes:
        raise UserError(
            "these weights do not know the shapes of their paintings; give a shape, such as 3:4, or train on data that "
            "were prepared with --fit squash"
        )
    if written != AS_TRAINED:
        _ratio(written)
    return written


def aspect_of(
    text: str, shapes: Mapping[str, Sequence[float]], genres: Sequence[str], weights: Sequence[float], seed: int
) -> float:
    """Return width divided by height for a required aspect.

    `as-trained` is one of the shapes of a genre, drawn by the seed; of a blend, given by the weights of `genres`, one
    genre is drawn first; without a genre it is one of all shapes.
    """
    if text != AS_TRAINED:
        return _ratio(text)
    generator = generator_for(seed, Purpose.ASPECT)
    genre = genres[generator.choice(len(genres), p=np.divide(weights, sum(weights)))] if any(weights) else EVERY_GENRE
    known = shapes.get(genre) or shapes[EVERY_GENRE]
    return known[int(generator.integers(len(known)))]


def _ratio(text: str) -> float:
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?):(\d{1,6}(?:\.\d{1,6})?)", text)
    width, height = (float(match[1]), float(match[2])) if match else (0.0, 0.0)
    if not 0 < max(width, height) <= LONGEST * min(width, height):
        raise UserError(f"aspect {text!r} is no shape; write width:height, such as 3:4, up to {LONGEST}:1")
    return width / height


def reshaped(picture: Image.Image, aspect: float) -> Image.Image:
    """Stretch a square picture to a shape: its shorter side stays as it is, so that nothing painted is lost."""
    width, height = (round(picture.width * max(times, 1)) for times in (aspect, 1 / aspect))
    return picture if picture.size == (width, height) else picture.resize((width, height), Image.Resampling.LANCZOS)
