"""Divide pictures into training, validation and test; keep the splits that came with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from common.data.dataset import HELD_OUT, SplitName
from common.vocabulary import SEVERAL


def choose_splits(
    genres: Sequence[str],
    styles: Sequence[str],
    digests: Sequence[str],
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
    first: dict[int, int] = {}
    for place in sorted(range(len(genres)), key=lambda p: digests[p]):
        first.setdefault(groups[place], place)
    # Test last: a group of near-duplicates that has a test painting is never trained on.
    came = [
        (group, split) for split in HELD_OUT for group, one in zip(groups.tolist(), given, strict=False) if one == split
    ]
    held_out: dict[int, SplitName] = dict(came)
    # Test first, so that it does not depend on validation.
    chosen: dict[SplitName, set[int]] = {name: set() for name in reversed(HELD_OUT) if name not in given}
    firsts = [genre.partition(SEVERAL)[0] for genre in genres]
    for genre in set(firsts):
        members = [group for group, place in first.items() if firsts[place] == genre and group not in held_out]
        count = round(len(members) / 20)
        for number, some in enumerate(chosen.values()):
            some.update(members[number * count : (number + 1) * count])
    for name, some in chosen.items():
        for labels in (genres, styles):
            pairs = [
                (label, group)
                for whole, group in zip(labels, groups.tolist(), strict=True)
                for label in whole.split(SEVERAL)
            ]
            learnt = {label for label, group in pairs if group not in held_out and group not in some}
            some -= {group for label, group in pairs if label not in learnt}
        held_out |= dict.fromkeys(some, name)
    return [held_out.get(group, "train") for group in groups.tolist()]


def only_learnt(labels: Sequence[str], splits: Sequence[SplitName]) -> list[str]:
    """Return the labels without those that no training picture has."""
    pairs = list(zip(labels, splits, strict=True))
    learnt = {name for label, split in pairs if split == "train" for name in label.split(SEVERAL)}
    return [SEVERAL.join(name for name in label.split(SEVERAL) if name in learnt) for label in labels]
