"""Map the raw labels of a source to the labels of a dataset, and report what each raw label became."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from common.preparing.taxonomy import Taxonomy
from common.vocabulary import normalise

Namer = Callable[[str], str | None]
"""Returns the name for a raw label, None if there is none."""


@dataclass(frozen=True)
class LabelMapping:
    """The mapping of one kind of label, genre or style."""

    kind: str
    canonical: dict[str, str | None]
    """Label in the vocabulary for each raw label, None for unlabelled."""
    counts: Counter[str]
    """Number of pictures with each raw label, blank included."""
    unknown: frozenset[str]
    """Raw labels that the taxonomy does not know and that become unlabelled."""
    own_named: frozenset[str]
    """Raw labels that the taxonomy does not know and that keep their own name."""
    keeps_names: bool
    """True if unknown labels keep their own name, unless they cannot be requested by it."""
    nearest: dict[str, str]
    """For unknown raw labels, the most similar name in the taxonomy, if any."""
    in_family: frozenset[str]
    """Raw labels with too few pictures that become their family."""
    too_few: frozenset[str]
    """Raw labels with too few pictures that become unlabelled."""

    def label(self, raw: str) -> str:
        """Return the label in the vocabulary, blank for unlabelled."""
        return self.canonical[raw] or ""

    def table(self) -> list[str]:
        """Return the lines of a printed table: raw label, label in the dataset, number of pictures."""
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
            return " (too few, joined its family)"
        if raw in self.unknown:
            return f" (unknown, cannot be requested by name){hint}" if self.keeps_names else f" (unknown){hint}"
        if raw in self.too_few:
            return f" (too few){hint}"
        return f" (unknown, keeps its name){hint}" if raw in self.own_named else ""


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
    """Map raw labels to canonical ones.

    A label with fewer than `min_count` pictures becomes its `family` if the family then has `min_count` pictures, and
    unlabelled otherwise. A label unknown to `canonical` becomes what `own_name` returns, and unlabelled without
    `own_name`. `spellings` (spelling to name) is searched for the name that an unknown label may mean.
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
    """Return a namer for styles: the canonical style or, if `merge_families`, its family.

    A raw label may also name a family itself.
    """

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
