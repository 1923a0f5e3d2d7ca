"""Near-duplicates by perceptual hash."""

from __future__ import annotations

import io

import numpy as np
from conftest import random_picture
from PIL import Image, ImageEnhance

from common.data.duplicates import MAX_DISTANCE, duplicate_groups, perceptual_hash


def hash_of_bits(*bits: int) -> np.ndarray:
    """A hash in which these bits of 256 are set."""
    flags = np.zeros(256, dtype=np.uint8)
    flags[list(bits)] = 1
    return np.packbits(flags).view(np.uint64)


def distance(first: np.ndarray, second: np.ndarray) -> int:
    return int(np.bitwise_count(first ^ second).sum())


def test_a_darker_coarser_copy_of_another_size_is_near_and_another_picture_is_far() -> None:
    picture = random_picture(1)
    file = io.BytesIO()
    ImageEnhance.Brightness(picture.resize((320, 256))).enhance(0.95).save(file, "JPEG", quality=60)
    with Image.open(file) as copy:
        assert distance(perceptual_hash(picture), perceptual_hash(copy)) <= MAX_DISTANCE
    assert distance(perceptual_hash(picture), perceptual_hash(random_picture(2))) > 10 * MAX_DISTANCE


def test_six_bits_are_near_and_seven_are_not() -> None:
    hashes = np.stack([hash_of_bits(), hash_of_bits(*range(6)), hash_of_bits(*range(200, 207))])
    first, second, third = duplicate_groups(hashes)
    assert first == second != third


def test_a_chain_of_near_duplicates_is_one_group() -> None:
    hashes = np.stack([hash_of_bits(*range(5 * place)) for place in range(4)] + [hash_of_bits(*range(100, 200))])
    assert distance(hashes[0], hashes[3]) > MAX_DISTANCE
    *chain, apart = duplicate_groups(hashes)
    assert len(set(chain)) == 1
    assert apart not in chain


def test_groups_are_found_across_the_blocks_in_which_pictures_are_compared() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**63, (1100, 4), dtype=np.uint64)
    hashes[1099] = hashes[0]
    groups = duplicate_groups(hashes)
    assert groups[1099] == groups[0]
    assert len(set(groups.tolist())) == 1099


def test_a_single_picture_is_a_group() -> None:
    assert duplicate_groups(hash_of_bits(3)[None]).tolist() == [0]
