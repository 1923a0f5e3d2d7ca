"""Count what a preparation left out, and say so to the user."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from common.data.dataset import HELD_OUT, DatasetDescription
from common.preparing.labelling import LabelMapping
from common.preparing.reading import Refusal
from common.preparing.splits import LEAST_TO_HOLD_OUT


@dataclass(frozen=True)
class PreparationReport:
    """The result of a preparation."""

    description: DatasetDescription
    genres: LabelMapping
    styles: LabelMapping
    rejected: Sequence[Refusal]
    """Refused pictures, without near-duplicates."""
    duplicates: int
    """Number of near-duplicates: in each group, all pictures but the best."""
    remarks: tuple[str, ...]
    """Notes on the labels and splits."""

    def lines(self) -> list[str]:
        """Return the printed summary: what became of each raw label, and what was left out."""
        return [*self.genres.table(), "", *self.styles.table(), "", *self.remarks, *self.common_reasons()]

    def common_reasons(self) -> list[str]:
        """Return the three most common reasons for refusal, with an example. Reasons that differ in numbers are one."""
        kinds = Counter(re.sub(r"\d+", "0", reason) for _, reason in self.rejected)
        examples = {re.sub(r"\d+", "0", reason): reason for _, reason in reversed(self.rejected)}
        return [f"{count} refused, for example: {examples[kind]}" for kind, count in kinds.most_common(3)]


def lost_labels(num_lost: int, *, keep_unknown: bool) -> list[str]:
    """Return the remark on pictures that lost a label, if there are any."""
    if not num_lost:
        return []
    if keep_unknown:
        why = "which cannot be requested by name; add it as an alias in your own --taxonomy"
    else:
        why = "which the taxonomy does not know; add it to your own --taxonomy, or keep such labels with --keep-unknown"
    return [f"{num_lost} pictures lost their genre or style, {why}"]


def empty_splits(paintings: dict[str, int]) -> list[str]:
    """Return the remark on held-out splits without a picture, if there are any."""
    names = " and ".join(name for name in HELD_OUT if not paintings[name])
    if not names:
        return []
    return [
        f"no pictures were held out for {names}: that takes {LEAST_TO_HOLD_OUT} or more of one genre; "
        f"you can train on this dataset, but not measure on {names}"
    ]
