"""Near-duplicates by perceptual hash and colour."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from tiny_data import random_picture

from common.preparing.duplicates import (
    MAX_DISTANCE,
    colours_of,
    copies_of,
    duplicate_groups,
    perceptual_hashes,
)


def hashes_of_bits(upright: range, mirrored: range) -> np.ndarray:
    """Hashes in which these bits of 256 are set."""
    flags = np.zeros((2, 256), dtype=np.uint8)
    flags[0, list(upright)], flags[1, list(mirrored)] = 1, 1
    return np.packbits(flags, axis=1)


def groups_of(*pictures: Image.Image) -> list[int]:
    return duplicate_groups(np.stack([perceptual_hashes(picture) for picture in pictures])).tolist()


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_darker_coarser_copy_of_another_size_is_near_and_another_picture_is_far(mirrored: bool) -> None:
    picture = random_picture(1)
    file = io.BytesIO()
    ImageEnhance.Brightness(picture.resize((320, 256))).enhance(0.7).save(file, "JPEG", quality=40)
    with Image.open(file) as copy:
        first, second, other = groups_of(
            picture, ImageOps.mirror(copy) if mirrored else copy.convert("RGB"), random_picture(2)
        )
    assert first == second != other


def test_the_bound_is_near_and_a_bit_more_is_not() -> None:
    far = range(128, 256)
    empty, at_the_bound, beyond = (
        hashes_of_bits(bits, far) for bits in (range(0), range(MAX_DISTANCE), range(80, 81 + MAX_DISTANCE))
    )
    first, second, third = duplicate_groups(np.stack([empty, at_the_bound, beyond]))
    assert first == second != third


def test_a_chain_of_near_duplicates_is_one_group() -> None:
    far = range(200, 256)
    hashes = [hashes_of_bits(range(40 * place), far) for place in range(4)]
    *chain, apart = duplicate_groups(np.stack([*hashes, hashes_of_bits(range(120, 256), range(0, 256, 2))]))
    assert len(set(chain)) == 1
    assert apart not in chain


def test_groups_are_found_across_the_blocks_in_which_pictures_are_compared() -> None:
    hashes = np.random.default_rng(0).integers(0, 256, (600, 2, 32), dtype=np.uint8)
    hashes[599] = hashes[0]
    hashes[400, 0] = hashes[300, 1]
    groups = duplicate_groups(hashes)
    assert groups[599] == groups[0]
    assert groups[400] == groups[300]
    assert len(set(groups.tolist())) == 598


def test_groups_of_many_equal_pictures_take_memory_by_their_number_and_not_its_square() -> None:
    hashes = np.random.default_rng(0).integers(0, 256, (3, 2, 32), dtype=np.uint8)
    many = np.concatenate([hashes[:1], np.repeat(hashes[1:2], 4000, axis=0), hashes[2:], hashes[:1]])
    tracemalloc.start()
    groups = duplicate_groups(many)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert groups.tolist() == [0, *[1] * 4000, 2, 0]
    assert peak < 20 * 2**20


def drawing(ink: tuple[int, int, int]) -> Image.Image:
    """The same shapes on white in one ink."""
    shapes = random_picture(1).convert("L").point(lambda level: 255 if level > 110 else 0)
    return ImageOps.colorize(shapes, ink, "white")


def copies_among(*pictures: Image.Image) -> dict[int, int]:
    groups = np.array(groups_of(*pictures))
    return copies_of(groups, np.stack([colours_of(picture) for picture in pictures]), range(len(pictures)))


def test_colourways_of_a_drawing_are_of_one_group_and_no_copies() -> None:
    inks = [drawing(ink) for ink in ((200, 30, 30), (30, 60, 200), (30, 150, 60), (40, 40, 40))]
    assert len(set(groups_of(*inks))) == 1
    assert copies_among(*inks) == {}


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_paler_darker_or_tinted_copy_is_a_copy_of_the_better_one(mirrored: bool) -> None:
    picture = random_picture(1)
    paler = ImageEnhance.Color(ImageEnhance.Brightness(picture).enhance(0.8)).enhance(0.7)
    tinted = Image.blend(picture, Image.new("RGB", picture.size, (240, 220, 170)), 0.2)
    copies = [ImageOps.mirror(copy) if mirrored else copy for copy in (paler, tinted)]
    assert copies_among(picture, *copies, random_picture(2)) == {1: 0, 2: 0}


def test_a_copy_is_a_copy_of_the_first_in_order() -> None:
    groups, colours = np.array([0, 1, 0, 1, 1]), np.zeros((5, 4, 4, 2), dtype=np.int8)
    colours[4] = 90
    assert copies_of(groups, colours, [4, 3, 2, 1, 0]) == {0: 2, 1: 3}


def test_groups_do_not_depend_on_the_blocks_in_which_pictures_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    bits = draw.integers(0, 2, (40, 2, 256), np.uint8)
    for place in range(20, 40):
        # The copy of another, upright or mirrored, in which up to 60 bits differ.
        other, view = draw.integers(0, place), draw.integers(0, 2)
        flipped = draw.permutation(256)[: draw.integers(0, 60)]
        bits[place, 0] = bits[other, view]
        bits[place, 0, flipped] ^= 1
    hashes = np.packbits(bits, axis=2)
    whole = duplicate_groups(hashes)
    assert 1 < len(np.unique(whole)) < 40
    for size in (1, 7, 20):
        monkeypatch.setattr("common.preparing.duplicates._BLOCK", size)
        assert np.array_equal(duplicate_groups(hashes), whole)
    distances = (bits[:, :, None] != bits[None, :, 0].reshape(1, 1, 40, 256)).sum(axis=3)
    near = np.triu((distances <= MAX_DISTANCE).any(axis=1))
    assert all(whole[first] == whole[second] for first, second in np.argwhere(near))
