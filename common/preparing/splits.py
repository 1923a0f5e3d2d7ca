"""Divide pictures into training, validation and test; keep the splits that came with them."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from jaxtyping import Int, UInt8

from common.data.dataset import HELD_OUT, SplitName
from common.vocabulary import SEVERAL


def choose_splits(
    genres: Sequence[str],
    styles: Sequence[str],
    digests: UInt8[np.ndarray, "n 32"],
    groups: Int[np.ndarray, "n"],
    given: Sequence[str] = (),
) -> list[SplitName]:
    """Return the split of each painting: of each genre, 1 in 20 is test, 1 in 20 validation, the rest training.

    A held-out split that is `given`, because it came with the pictures, stays as it is. Of several genres of a painting
    the first counts.

    Paintings are ordered by content hash, first test, then validation, so the order and names of files do not matter.
    A group of near-duplicates goes where its first member goes. If a rare label would not occur in training, its
    paintings go to training.
    """
    order = by_content(digests)
    _, firsts = np.unique(groups[order], return_index=True)
    leaders = order[np.sort(firsts)]
    # Test last: a group of near-duplicates that has a test painting is never trained on.
    came = [
        (group, split)
        for split in HELD_OUT
        for group, one in zip(map(int, groups), given, strict=False)
        if one == split
    ]
    held_out: dict[int, SplitName] = dict(came)
    # Test first, so that it does not depend on validation.
    chosen: dict[SplitName, set[int]] = {name: set() for name in reversed(HELD_OUT) if name not in given}
    members: defaultdict[str, array[int]] = defaultdict(partial(array, "q"))
    for place, group in zip(map(int, leaders), map(int, groups[leaders]), strict=True):
        if group not in held_out:
            members[genres[place].partition(SEVERAL)[0]].append(group)
    for some_groups in members.values():
        count = round(len(some_groups) / 20)
        for number, some in enumerate(chosen.values()):
            some.update(some_groups[number * count : (number + 1) * count])
    for name, some in chosen.items():
        for labels in (genres, styles):
            learnt = {label for label, group in _pairs(labels, groups) if group not in held_out and group not in some}
            some -= {group for label, group in _pairs(labels, groups) if label not in learnt}
        held_out |= dict.fromkeys(some, name)
    return [held_out.get(group, "train") for group in map(int, groups)]


def by_content(digests: UInt8[np.ndarray, "n 32"]) -> Int[np.ndarray, "n"]:
    """Return the places of paintings in the order of their checksums, equal ones in theirs."""
    return np.argsort(np.ascontiguousarray(digests).view("S32")[:, 0], kind="stable")


def _pairs(labels: Sequence[str], groups: Int[np.ndarray, "n"]) -> Iterator[tuple[str, int]]:
    for whole, group in zip(labels, map(int, groups), strict=True):
        for label in whole.split(SEVERAL):
            yield label, group


def only_learnt(labels: Sequence[str], splits: Sequence[SplitName]) -> list[str]:
    """Return the labels without those that no training picture has."""
    pairs = zip(labels, splits, strict=True)
    learnt = {name for label, split in pairs if split == "train" for name in label.split(SEVERAL)}
    return [SEVERAL.join(name for name in label.split(SEVERAL) if name in learnt) for label in labels]
