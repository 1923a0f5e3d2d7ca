"""Near-duplicates by perceptual hash."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from tiny_data import random_picture

from common.preparing.reading import MAX_DISTANCE, duplicate_groups, perceptual_hashes


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
