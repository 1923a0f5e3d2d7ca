"""Say in a few lines what became of the labels and pictures of a collection, for `preparation`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from common.data.dataset import HELD_OUT
from common.preparing.labelling import Labels
from common.preparing.reading import Pictures, Refusal
from common.preparing.sources.files import first_of
from common.vocabulary import SEVERAL

MOST_ROWS = 30
"""Of a table of labels; a collection of many labels of its own would fill screens."""


def shortened(labels: Labels, kind: str) -> list[str]:
    """Return the table of labels, the commonest first, without most of its rows if it is long; a line if none is."""
    if not labels.largest and len(labels.table) == 2:
        return [f"{kind}s: none"]
    rest = labels.table[1 + MOST_ROWS :]
    lost = sum("unlabelled (" in row for row in rest)
    more = f"… and {len(rest)} rarer ones, {lost} of them unlabelled"
    return [*labels.table[: 1 + MOST_ROWS], *([more] if rest else [])]


def none_left(kinds: dict[str, Labels], min_count: int) -> list[str]:
    """Say for which kind of label none of those that the source gives is left, and what would keep them."""
    lines = []
    for kind, labels in kinds.items():
        if any(labels.labels):
            continue
        if labels.largest:
            name, number = labels.largest
            few = f"the commonest, {name!r}, has {number} pictures, and --min-count asks for {min_count}"
            lines.append(f"no {kind} is left: {few}; lower --min-count")
        elif labels.lost:
            lines.append(
                f"no {kind} is left: the first, {min(labels.lost)!r}, and all others are unknown; see --taxonomy-only"
            )
    return lines


def lost_and_refused(
    lost: int, taxonomy_only: bool, paintings: dict[str, int], refused: Sequence[Refusal]
) -> Iterable[str]:
    """Say how many pictures lost a label, which held-out splits are empty, and why most pictures were refused."""
    why = "which is no name; add it as an alias in your own --taxonomy"
    if taxonomy_only:
        why = "which the taxonomy does not know; add it to your own --taxonomy, or leave out --taxonomy-only"
    if lost:
        yield f"{lost} pictures lost their genre or style, {why}"
    if names := " and ".join(name for name in HELD_OUT if not paintings[name]):
        held_out = f"no pictures were held out for {names}: that takes 11 or more of one genre"
        yield f"{held_out}; you can train on this dataset, but not measure on {names}"
    # Reasons that differ in numbers are one.
    kinds = Counter(re.sub(r"\d+", "0", reason) for _, reason in refused)
    examples = {re.sub(r"\d+", "0", reason): f"{name}: {reason}" for name, reason in reversed(refused)}
    yield from (f"{count} refused, such as {examples[kind]}" for kind, count in kinds.most_common(3))


def mended(pictures: Pictures) -> Iterable[str]:
    """Say of how many pictures, and which, something was wrong that did not cost them."""
    for remark, places in pictures.remarks.items():
        names = [" ".join(pictures.record(place).name.split()) for place in places[:3]]
        yield f"{len(places)} pictures {remark} ({', '.join(names)}{', …' if len(places) > 3 else ''})"


def labels_left_out(
    pictures: Pictures, left_out: Mapping[int, int], genres: Sequence[str], styles: Sequence[str]
) -> list[str]:
    """Say which near-duplicates had a label that the picture kept in their place does not have."""
    lost = [
        pictures.record(copy).name
        for copy, better in left_out.items()
        for labels in (genres, styles)
        if {*labels[copy].split(SEVERAL)} - {*labels[better].split(SEVERAL), ""}
    ]
    names = dict.fromkeys(lost)
    return [f"{len(names)} near-duplicates had other labels than the one kept: {first_of(names)}"] if names else []
