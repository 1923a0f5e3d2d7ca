"""Raw labels of a source's records to the vocabulary of a dataset, with an account of where each label went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.data.taxonomy import Taxonomy


@dataclass(frozen=True)
class LabelMapping:
    """What became of one kind of label, genre or style."""

    kind: str
    canonical: dict[str, str | None]
    """Raw label to its label in the vocabulary, None for unlabelled."""
    counts: Counter[str]
    """Pictures per raw label, blanks included."""
    unknown: frozenset[str]
    """Raw labels that the taxonomy does not know."""

    def label(self, raw: str) -> str:
        """Label in the vocabulary, blank for unlabelled."""
        return self.canonical[raw] or ""

    def table(self) -> list[str]:
        """Lines for a person: raw label, what it became, how many pictures."""
        width = max(len(raw) for raw in self.canonical) + 2
        lines = [f"{self.kind + 's':{width}}  {'became':24} pictures"]
        for raw, count in self.counts.most_common():
            became = self.canonical[raw] or f"unlabelled{self._reason(raw)}"
            lines.append(f"{raw or '(blank)':{width}}  {became:24} {count:8}")
        return lines

    def _reason(self, raw: str) -> str:
        if not raw:
            return ""
        return " (not known)" if raw in self.unknown else " (too few)"


def map_labels(
    kind: str, raw_labels: Sequence[str], canonical: Callable[[str], str | None], min_count: int
) -> LabelMapping:
    """Map raw labels; what fewer than `min_count` pictures share becomes unlabelled."""
    counts = Counter(raw_labels)
    names = {raw: canonical(raw) if raw else None for raw in counts}
    unknown = frozenset(raw for raw, name in names.items() if raw and name is None)
    totals: Counter[str] = Counter()
    for raw, name in names.items():
        if name is not None:
            totals[name] += counts[raw]
    kept = {raw: name if name is not None and totals[name] >= min_count else None for raw, name in names.items()}
    return LabelMapping(kind=kind, canonical=kept, counts=counts, unknown=unknown)


def style_namer(taxonomy: Taxonomy, merge_families: bool) -> Callable[[str], str | None]:
    """Canonical style of a raw label, or its family's name where families are merged."""

    def name(raw: str) -> str | None:
        style = taxonomy.style(raw)
        return taxonomy.family(style) if style is not None and merge_families else style

    return name
