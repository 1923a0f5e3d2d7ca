"""Raw labels of a source's records to the vocabulary of a dataset, with an account of where each label went."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from common.data.taxonomy import Taxonomy, normalise

Namer = Callable[[str], str | None]
"""Gives a raw label its name, None where there is none."""


@dataclass(frozen=True)
class LabelMapping:
    """What became of one kind of label, genre or style."""

    kind: str
    canonical: dict[str, str | None]
    """Raw label to its label in the vocabulary, None for unlabelled."""
    counts: Counter[str]
    """Pictures per raw label, blanks included."""
    unknown: frozenset[str]
    """Raw labels that the taxonomy does not know, which become unlabelled."""
    own_named: frozenset[str]
    """Raw labels that the taxonomy does not know, which go by their own name."""
    keeps_names: bool
    """Whether all that could be asked for by their own names go by them."""
    nearest: dict[str, str]
    """Names that the taxonomy knows, by the raw labels not known that may mean them."""
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
        became = {raw: (name or "unlabelled") + self._reason(raw) for raw, name in self.canonical.items()}
        became_width = max(36, *map(len, became.values()))
        lines = [f"{self.kind + 's':{width}}  {'became':{became_width}} pictures"]
        for raw, count in self.counts.most_common():
            lines.append(f"{raw or '(blank)':{width}}  {became[raw]:{became_width}} {count:8}")
        return lines

    def _reason(self, raw: str) -> str:
        hint = f"; did you mean {self.nearest[raw]}?" if raw in self.nearest else ""
        if raw in self.in_family:
            return " (too few alone)"
        if raw in self.unknown:
            return f" (not known, nor to be asked for){hint}" if self.keeps_names else f" (not known){hint}"
        if raw in self.too_few:
            return f" (too few){hint}"
        return f" (its own name){hint}" if raw in self.own_named else ""


def map_labels(
    kind: str,
    raw_labels: Sequence[str],
    canonical: Namer,
    says_nothing: Callable[[str], bool],
    min_count: int,
    family: Callable[[str], str] = str,
    *,
    spellings: Mapping[str, str] | None = None,
    own_name: Namer | None = None,
) -> LabelMapping:
    """Map raw labels; what fewer than `min_count` pictures share joins its family's name, or becomes unlabelled.

    A family takes in its rare members where these, with those of its own name, are enough. What is not known becomes
    unlabelled, or goes by what `own_name` calls it; `spellings` of known names say what may have been meant.
    """
    counts = Counter(raw_labels)
    names = {raw: None if says_nothing(raw) else canonical(raw) for raw in counts}
    not_known = frozenset(raw for raw, name in names.items() if name is None and not says_nothing(raw))
    if own_name is not None:
        names |= {raw: own_name(raw) for raw in not_known}
    unknown = frozenset(raw for raw in not_known if names[raw] is None)
    totals = _totals(counts, names)
    joined = {
        raw: family(name) if name is not None and totals[name] < min_count else name for raw, name in names.items()
    }
    totals = _totals(counts, joined)
    kept = {raw: name if name is not None and totals[name] >= min_count else None for raw, name in joined.items()}
    in_family = frozenset(raw for raw, name in kept.items() if name is not None and name != names[raw])
    too_few = frozenset(raw for raw, name in kept.items() if name is None and names[raw] is not None)
    return LabelMapping(
        kind=kind,
        canonical=kept,
        counts=counts,
        unknown=unknown,
        own_named=not_known - unknown,
        keeps_names=own_name is not None,
        nearest=_nearest(not_known, spellings or {}),
        in_family=in_family,
        too_few=too_few,
    )


def style_namer(taxonomy: Taxonomy, merge_families: bool) -> Namer:
    """Canonical style of a raw label; where families are merged the name of its family, which it may bear itself."""

    def name(raw: str) -> str | None:
        style = taxonomy.style(raw)
        if not merge_families:
            return style
        return taxonomy.family_named(raw) if style is None else taxonomy.family(style)

    return name


def _nearest(not_known: Iterable[str], spellings: Mapping[str, str]) -> dict[str, str]:
    near = {raw: difflib.get_close_matches(normalise(raw), spellings, n=1) for raw in not_known}
    return {raw: spellings[found[0]] for raw, found in near.items() if found}


def _totals(counts: Mapping[str, int], names: Mapping[str, str | None]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for raw, name in names.items():
        if name is not None:
            totals[name] += counts[raw]
    return totals
