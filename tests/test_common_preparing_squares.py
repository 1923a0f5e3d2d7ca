"""A picture made square in each way, and its borders cut off."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from common.preparing.squares import FITS, make_square, resize, trim


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture, dtype=np.int16)


def test_each_fit_makes_a_wide_picture_square_in_its_own_way() -> None:
    picture = Image.new("RGB", (40, 20), (200, 0, 0))
    picture.paste((0, 0, 200), (10, 0, 30, 20))
    crop, squash, pad = (pixels(resize(make_square(picture, fit), 20)) for fit in FITS)
    assert (crop == (0, 0, 200)).all()
    assert (squash[:, [0, 19]] == (200, 0, 0)).all()
    assert (squash[:, 8:12] == (0, 0, 200)).all()
    assert (pad[[0, 19]] == 128).all()
    assert (pad[10, [0, 19]] == (200, 0, 0)).all()


def test_a_long_picture_is_shrunk_before_it_is_padded_and_looks_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Image.effect_noise((400, 90), 40).resize((800, 180)).convert("RGB")
    whole = make_square(picture, "pad")
    assert whole.size == (800, 800)
    monkeypatch.setattr("common.preparing.squares.MAX_PIXELS", 800 * 180)
    square = make_square(picture, "pad")
    assert square.size == (379, 379)
    assert np.abs(pixels(resize(square, 64)) - pixels(resize(whole, 64))).max() <= 2


def framed(inside: Image.Image) -> Image.Image:
    """A painting in a brown frame on a white mat with a black bar above and below."""
    picture = Image.new("RGB", (inside.width + 60, inside.height + 80), "black")
    picture.paste((250, 250, 250), (0, 15, picture.width, picture.height - 15))
    picture.paste((90, 60, 30), (10, 25, picture.width - 10, picture.height - 25))
    picture.paste(inside, (30, 40))
    return picture


def test_bars_mats_and_frames_are_trimmed_off_dust_and_all() -> None:
    painting = Image.effect_noise((120, 90), 90).convert("RGB")
    picture = framed(painting)
    picture.putpixel((5, 60), (0, 0, 0))
    assert np.array_equal(pixels(trim(picture)), pixels(painting))


def test_a_small_drawing_on_a_large_sheet_keeps_its_sheet() -> None:
    sheet = Image.new("RGB", (200, 200), "white")
    sheet.paste(Image.effect_noise((40, 40), 90).convert("RGB"), (80, 80))
    assert trim(sheet).size == (200, 200)
    assert trim(Image.new("RGB", (30, 20), "white")).size == (30, 20)
