"""Choose the split of each picture: training, validation or test."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Int
from numpy import ndarray

from common.data.dataset import SplitName

HELD_OUT_ONE_IN = 20
"""One in this many paintings of each genre goes to validation, and as many to test."""
LEAST_TO_HOLD_OUT = 11
"""Fewest pictures of a genre of which one goes to validation and one to test."""


def choose_splits(
    genres: Sequence[str], styles: Sequence[str], digests: Sequence[str], groups: Int[ndarray, "n"]
) -> list[SplitName]:
    """Return the split of each painting: of each genre, 1 in 20 is test, 1 in 20 validation, the rest training.

    Paintings are ordered by content hash, first test, then validation, so the order and names of files do not matter.
    A group of near-duplicates goes where its first member goes. If a rare label would not occur in training, its
    paintings go to training.
    """
    first: dict[int, int] = {}
    for place in sorted(range(len(genres)), key=lambda p: digests[p]):
        first.setdefault(groups[place], place)
    chosen: dict[SplitName, set[int]] = {"test": set(), "validation": set()}
    for genre in set(genres):
        members = [group for group, place in first.items() if genres[place] == genre]
        count = round(len(members) / HELD_OUT_ONE_IN)
        chosen["test"].update(members[:count])
        chosen["validation"].update(members[count : 2 * count])
    held_out: dict[int, SplitName] = {}
    # Test first, so that it does not depend on validation.
    for name, some in chosen.items():
        for labels in (genres, styles):
            pairs = list(zip(labels, groups.tolist(), strict=True))
            learnt = {label for label, group in pairs if group not in held_out and group not in some}
            some -= {group for label, group in pairs if label not in learnt}
        held_out |= dict.fromkeys(some, name)
    return [held_out.get(group, "train") for group in groups.tolist()]
