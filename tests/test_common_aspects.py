"""Shapes of paintings: kept by genre, asked for, drawn and given back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from common.aspects import NUM_SHAPES, aspect_of, require_aspect, reshaped, shapes_by_genre
from common.errors import UserError

SHAPES = {"any": (0.5, 1.0, 2.0), "portrait": (0.7, 0.8), "landscape": (1.5, 1.6)}
GENRES = ["landscape", "portrait", "vase"]


def drawn(weights: tuple[float, ...]) -> set[float]:
    return {aspect_of("as-trained", SHAPES, GENRES, weights, seed) for seed in range(200)}


def test_the_shapes_that_are_kept_are_those_that_paintings_had_in_their_shares() -> None:
    aspects = [0.75] * 60 + [1.5] * 20 + [1.0] * 3
    kept = shapes_by_genre(["portrait"] * 60 + ["landscape"] * 20 + [""] * 3, aspects)
    assert kept["portrait"] == (0.75,) * NUM_SHAPES
    assert kept["landscape"] == (1.5,) * NUM_SHAPES
    assert list(kept) == ["any", "landscape", "portrait"]
    assert (kept["any"].count(0.75), kept["any"].count(1.5)) == (12, 4)
    assert list(kept["any"]) == sorted(kept["any"])


def test_the_seed_draws_among_the_shapes_of_the_genre_and_always_the_same() -> None:
    assert drawn((0, 1, 0)) == {0.7, 0.8}
    assert drawn((0.5, 0.5, 0)) == {0.7, 0.8, 1.5, 1.6}
    assert drawn((0, 0, 0)) == drawn((0, 0, 1)) == {0.5, 1.0, 2.0}
    assert len({aspect_of("as-trained", SHAPES, GENRES, (0, 1, 0), 7) for _ in range(5)}) == 1


@pytest.mark.parametrize(("text", "aspect"), [("3:4", 0.75), (" 16:9 ", 16 / 9), ("1:2.5", 0.4), ("1:1", 1.0)])
def test_a_width_and_a_height_make_an_aspect(text: str, aspect: float) -> None:
    assert aspect_of(require_aspect(text, {}), {}, [], (), 0) == aspect


@pytest.mark.parametrize("text", ["", "3", "3:0", "0:0", "-3:4", "3:4:5", "wide", "11:1", "1e9:1", "nan:1"])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is no shape; write width:height, such as 3:4, up to 10:1"):
        require_aspect(text, SHAPES)


def test_shapes_that_are_not_known_are_refused_in_one_line() -> None:
    assert require_aspect(" As-Trained", SHAPES) == "as-trained"
    with pytest.raises(
        UserError, match="do not know the shapes of their paintings; give a shape, such as 3:4"
    ) as caught:
        require_aspect("as-trained", {})
    assert "\n" not in str(caught.value)


def test_a_picture_is_stretched_along_its_longer_side() -> None:
    picture = Image.linear_gradient("L").convert("RGB")
    assert reshaped(picture, 0.75).size == (256, 341)
    assert reshaped(picture, 2.0).size == (512, 256)
    assert reshaped(picture, 1.0) is picture
    wide = np.asarray(reshaped(picture, 2.0), dtype=np.int16)
    assert np.abs(wide[:, 100] - np.asarray(picture, dtype=np.int16)[:, 50]).max() <= 1
