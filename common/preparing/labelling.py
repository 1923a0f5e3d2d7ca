"""Map the raw labels of a source to the vocabulary of a dataset, and tell what each raw label became."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.preparing.settings import PreparationSettings
from common.preparing.sources.listing import Record
from common.preparing.taxonomy import Taxonomy
from common.vocabulary import Vocabulary, normalise


@dataclass(frozen=True)
class Naming:
    """How the raw labels of one kind, genre or style, get their names."""

    kind: str
    taxonomy: Taxonomy
    known: Callable[[str], str | None]
    """Returns the taxonomy's name for a raw label, None if it is unknown."""
    spellings: dict[str, str]
    """Name for each spelling in the taxonomy."""
    family: Callable[[str], str]
    """Returns the name that a rare label joins."""
    keep_unknown: bool

    def name(self, raw: str) -> str | None:
        """Return the name of a raw label, None for unlabelled."""
        if self.taxonomy.says_nothing(raw):
            return None
        name = self.known(raw)
        return self.taxonomy.own_name(raw) if name is None and self.keep_unknown else name

    def is_unknown(self, raw: str) -> bool:
        """Return True if the taxonomy does not know a raw label that says something."""
        return self.known(raw) is None and not self.taxonomy.says_nothing(raw)


def genre_and_style_naming(taxonomy: Taxonomy, settings: PreparationSettings) -> tuple[Naming, Naming]:
    """Return the naming of genres and that of styles, which are merged into families unless they stay fine."""
    style = taxonomy.style if settings.fine_styles else taxonomy.style_or_family
    keep = settings.keep_unknown
    return (
        Naming("genre", taxonomy, taxonomy.genre, taxonomy.genres, str, keep),
        Naming("style", taxonomy, style, taxonomy.styles, taxonomy.family, keep),
    )


def named_labels(record: Record, naming: tuple[Naming, Naming]) -> int:
    """Return how many of a record's genre and style have a name."""
    genre, style = naming
    return (genre.name(record.genre) is not None) + (style.name(record.style) is not None)


@dataclass(frozen=True)
class LabelMapping:
    """What the raw labels of one kind became."""

    kind: str
    canonical: dict[str, str | None]
    """Label in the vocabulary for each raw label, None for unlabelled."""
    counts: Counter[str]
    """Number of pictures with each raw label, blank included."""
    notes: dict[str, str]
    """Why each raw label became what it did; blank where that is plain."""
    lost: frozenset[str]
    """Raw labels that the taxonomy does not know and that become unlabelled."""

    def labels(self, raw_labels: Sequence[str]) -> list[str]:
        """Return the labels in the vocabulary, blank for unlabelled."""
        return [self.canonical[raw] or "" for raw in raw_labels]

    def table(self) -> list[str]:
        """Return the lines of a printed table: raw label, label in the dataset, number of pictures."""
        became = {raw: (name or "unlabelled") + self.notes[raw] for raw, name in self.canonical.items()}
        width = max(map(len, self.canonical)) + 2
        became_width = max(36, *map(len, became.values()))
        lines = [f"{self.kind + 's':{width}}  {'became':{became_width}} pictures"]
        for raw, count in self.counts.most_common():
            lines.append(f"{raw or '(blank)':{width}}  {became[raw]:{became_width}} {count:8}")
        return lines


def map_labels(raw_labels: Sequence[str], naming: Naming, min_count: int) -> LabelMapping:
    """Map the raw labels of all pictures.

    A label with fewer than `min_count` pictures becomes its family if the family then has `min_count` pictures, and
    unlabelled otherwise.
    """
    counts = Counter(raw_labels)
    names = {raw: naming.name(raw) for raw in counts}
    totals = Counter(names[raw] for raw in raw_labels)
    joined = {raw: naming.family(name) if name and totals[name] < min_count else name for raw, name in names.items()}
    totals = Counter(joined[raw] for raw in raw_labels)
    canonical = {raw: name if totals[name] >= min_count else None for raw, name in joined.items()}
    return LabelMapping(
        kind=naming.kind,
        canonical=canonical,
        counts=counts,
        notes={raw: _note(raw, names[raw], label, naming) for raw, label in canonical.items()},
        lost=frozenset(raw for raw, name in names.items() if name is None and naming.is_unknown(raw)),
    )


def _note(raw: str, name: str | None, label: str | None, naming: Naming) -> str:
    """Say why a raw label that has a name, or None, became a label."""
    unknown = naming.is_unknown(raw)
    near = difflib.get_close_matches(normalise(raw), naming.spellings, n=1) if unknown else []
    hint = f"; did you mean {naming.spellings[near[0]]}?" if near else ""
    if label is not None and label != name:
        return " (too few, joined its family)"
    if name is None:
        reason = " (unknown, cannot be requested by name)" if naming.keep_unknown else " (unknown)"
        return reason + hint if unknown else ""
    if label is None:
        return f" (too few){hint}"
    return f" (unknown, keeps its name){hint}" if unknown else ""


def build_vocabulary(genres: Sequence[str], styles: Sequence[str], taxonomy: Taxonomy) -> Vocabulary:
    """Return the labels of the training pictures in alphabetical order, with their counts, families and aliases."""
    genre_counts, style_counts = (
        {name: count for name, count in sorted(Counter(labels).items()) if name} for labels in (genres, styles)
    )
    families: dict[str, tuple[str, ...]] = {}
    for style in style_counts:
        family = taxonomy.family(style)
        families[family] = (*families.get(family, ()), style)
    families = {family: members for family, members in families.items() if members != (family,)}
    style_aliases = {
        spelling: name if name in style_counts else taxonomy.family(name) for spelling, name in taxonomy.styles.items()
    }
    return Vocabulary(
        genres=genre_counts,
        styles=style_counts,
        families=families,
        genre_aliases={spelling: name for spelling, name in taxonomy.genres.items() if name in genre_counts},
        style_aliases={
            spelling: name for spelling, name in style_aliases.items() if name in style_counts or name in families
        },
    )
