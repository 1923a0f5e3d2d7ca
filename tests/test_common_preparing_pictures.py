"""Bytes of every kind of picture: as a person would see it, or the reason why not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from common.preparing.pictures import FITS, decode, make_square, resize, trim


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format=kind, **options)
    return file.getvalue()


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture, dtype=np.int16)


@pytest.mark.parametrize(("order", "kind"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF"), ("I", "TIFF")])
def test_a_16_bit_picture_is_scaled_and_not_clipped(order: str, kind: str) -> None:
    levels = np.array([[0, 100 * 257, 200 * 257, 65535]])
    stored = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4"}[order]
    picture = Image.frombytes(order, (4, 1), levels.astype(stored).tobytes())
    assert pixels(decode(encoded(picture, kind)))[0, :, 0].tolist() == [0, 100, 200, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode: str) -> None:
    picture = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    seen = pixels(decode(encoded(picture.convert(mode))))
    assert seen[0].tolist() == [[0, 0, 0], [255, 255, 255]]
    assert decode(encoded(Image.new("RGBA", (1, 1), (200, 0, 0, 128)))).getpixel((0, 0)) == (227, 127, 127)


def test_a_picture_that_the_camera_says_is_turned_stands_upright() -> None:
    picture = Image.new("RGB", (32, 16), "white")
    picture.paste((0, 0, 0), (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = decode(encoded(picture, exif=exif))
    assert upright.size == (16, 32)
    assert pixels(upright)[:8, 8:].max() == 0
    assert pixels(upright)[:8, :8].min() == 255


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
    monkeypatch.setattr("common.preparing.pictures.MAX_PIXELS", 800 * 180)
    square = make_square(picture, "pad")
    assert square.size == (379, 379)
    assert np.abs(pixels(resize(square, 64)) - pixels(resize(whole, 64))).max() <= 2


def profile(swapped: bool) -> bytes:
    """An sRGB profile, or one whose red and green primaries have changed places."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    if swapped:
        tags = {bytes(data[place : place + 4]): place for place in range(132, 132 + 12 * data[131], 12)}
        red, green = tags[b"rXYZ"], tags[b"gXYZ"]
        data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data)


def test_colours_are_those_that_the_profile_means() -> None:
    red = Image.new("RGB", (4, 4), (255, 0, 0))
    assert np.abs(pixels(decode(encoded(red, icc_profile=profile(swapped=False)))) - (255, 0, 0)).max() <= 1
    assert np.abs(pixels(decode(encoded(red, icc_profile=profile(swapped=True)))) - (0, 255, 0)).max() <= 1


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
