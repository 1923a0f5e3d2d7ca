"""Raw labels of a source's records to the vocabulary of a dataset, with an account of where each label went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
    in_family: frozenset[str]
    """Raw labels of too few pictures, which go by the name of their family."""
    too_few: frozenset[str]
    """Raw labels of too few pictures, which become unlabelled."""

    def label(self, raw: str) -> str:
        """Label in the vocabulary, blank for unlabelled."""
        return self.canonical[raw] or ""

    def table(self) -> list[str]:
        """Lines for a person: raw label, what it became, how many pictures."""
        width = max(len(raw) for raw in self.canonical) + 2
        lines = [f"{self.kind + 's':{width}}  {'became':36} pictures"]
        for raw, count in self.counts.most_common():
            became = (self.canonical[raw] or "unlabelled") + self._reason(raw)
            lines.append(f"{raw or '(blank)':{width}}  {became:36} {count:8}")
        return lines

    def _reason(self, raw: str) -> str:
        if raw in self.in_family:
            return " (too few alone)"
        if raw in self.unknown:
            return " (not known)"
        return " (too few)" if raw in self.too_few else ""


def map_labels(
    kind: str,
    raw_labels: Sequence[str],
    canonical: Callable[[str], str | None],
    says_nothing: Callable[[str], bool],
    min_count: int,
    family: Callable[[str], str] = str,
) -> LabelMapping:
    """Map raw labels; what fewer than `min_count` pictures share joins its family's name, or becomes unlabelled.

    A family takes in its rare members where these, with those of its own name, are enough.
    """
    counts = Counter(raw_labels)
    names = {raw: None if says_nothing(raw) else canonical(raw) for raw in counts}
    unknown = frozenset(raw for raw, name in names.items() if name is None and not says_nothing(raw))
    totals = _totals(counts, names)
    joined = {
        raw: family(name) if name is not None and totals[name] < min_count else name for raw, name in names.items()
    }
    totals = _totals(counts, joined)
    kept = {raw: name if name is not None and totals[name] >= min_count else None for raw, name in joined.items()}
    in_family = frozenset(raw for raw, name in kept.items() if name is not None and name != names[raw])
    too_few = frozenset(raw for raw, name in kept.items() if name is None and names[raw] is not None)
    return LabelMapping(kind=kind, canonical=kept, counts=counts, unknown=unknown, in_family=in_family, too_few=too_few)


def style_namer(taxonomy: Taxonomy, merge_families: bool) -> Callable[[str], str | None]:
    """Canonical style of a raw label, or its family's name where families are merged."""

    def name(raw: str) -> str | None:
        style = taxonomy.style(raw)
        return taxonomy.family(style) if style is not None and merge_families else style

    return name


def _totals(counts: Mapping[str, int], names: Mapping[str, str | None]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for raw, name in names.items():
        if name is not None:
            totals[name] += counts[raw]
    return totals
