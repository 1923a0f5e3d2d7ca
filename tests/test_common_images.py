"""The border between pictures and tensors."""

from __future__ import annotations

import numpy as np
import torch
from einops import rearrange
from PIL import Image

from common.images import (
    captioned_grid,
    labelled_grid,
    squares_of,
    to_float,
    to_pictures,
    to_uint8,
)


def test_all_256_values_survive_the_way_to_float_and_back() -> None:
    stored = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1).repeat(1, 1, 1, 3)
    images = to_float(stored)
    assert images.dtype == torch.float32
    assert (images.min(), images.max()) == (-1, 1)
    assert torch.equal(to_uint8(images), rearrange(stored, "b h w c -> b c h w"))


def test_values_are_rounded_to_the_nearest_and_clamped_beyond_the_range() -> None:
    levels = torch.tensor([-3.0, -1.0, 100.4 / 127.5 - 1, 100.6 / 127.5 - 1, 1.0, 1.01])
    images = levels.expand(1, 3, 1, 6)
    assert to_uint8(images)[0, 0, 0].tolist() == [0, 0, 100, 101, 255, 255]


def test_of_each_picture_the_square_at_its_own_corner_is_cut() -> None:
    images = torch.randn(3, 2, 8, 9)
    corners = torch.tensor([[0, 0], [3, 5], [4, 2]])
    squares = squares_of(images, corners, 4)
    expected = [image[:, y : y + 4, x : x + 4] for image, (y, x) in zip(images, corners.tolist(), strict=True)]
    assert torch.equal(squares, torch.stack(expected))


def test_a_painting_becomes_a_picture_with_its_colours_in_place() -> None:
    images = -torch.ones(2, 3, 4, 6)
    images[1, 0, 2, 5] = 1
    first, second = to_pictures(images)
    assert (first.size, first.mode) == ((6, 4), "RGB")
    assert first.getbbox() is None
    assert second.getpixel((5, 2)) == (255, 0, 0)


def test_a_grid_shows_every_picture_where_its_row_and_column_say() -> None:
    colours = [[(255, 0, 0), (0, 255, 0)], [(0, 0, 255)]]
    rows = [[Image.new("RGB", (20, 30), colour) for colour in row] for row in colours]
    sheet = labelled_grid(rows, ["portrait", "marina"], ["one", "two"])
    bare = labelled_grid(rows, ["portrait", "marina"])
    left, top = bare.width - 2 * 22, sheet.height - 2 * 32
    assert (sheet.width, bare.height) == (bare.width, 2 * 32)
    assert top > 0
    for grid, above in ((sheet, top), (bare, 0)):
        for row, in_row in enumerate(colours):
            for column, colour in enumerate(in_row):
                corner = (left + column * 22, above + row * 32)
                tile = grid.crop((*corner, corner[0] + 20, corner[1] + 30))
                assert tile.getcolors() == [(600, colour)]
    labels = np.asarray(sheet.crop((0, 0, left, sheet.height)).convert("L"))
    assert (labels[top : top + 30] < 128).any()
    assert (labels[top + 32 : top + 62] < 128).any()


def test_captions_stand_below_their_pictures_and_no_wider() -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    pictures = [Image.new("RGB", (40, 40), colour) for colour in colours]
    sheet = captioned_grid(pictures, ["a", "", "a caption too long\nand another"], 2)
    assert sheet.width == 2 * 44
    step = sheet.height // 2
    for place, colour in enumerate(colours):
        x, y = place % 2 * 44 + 2, place // 2 * step + 2
        assert sheet.crop((x, y, x + 40, y + 40)).getcolors() == [(1600, colour)]
    dark = np.asarray(sheet.convert("L")) < 200
    assert dark[42:step, :44].any()
    assert not dark[42:step, 44:].any()
    assert dark[step + 42 :, 2:42].any()
    assert not dark[step + 42 :, 44:].any()


def test_a_long_caption_is_broken_where_its_parts_meet() -> None:
    picture = Image.new("RGB", (64, 64))
    one_line = captioned_grid([picture], ["seed 1"], 1)
    broken = captioned_grid([picture], ["genre-painting · expressionism · seed 1"], 1)
    shrunk = captioned_grid([picture], ["genre-painting expressionism seed 1"], 1)
    assert shrunk.height == one_line.height
    assert broken.height > one_line.height
    assert captioned_grid([picture], ["a · b"], 1).height == one_line.height
