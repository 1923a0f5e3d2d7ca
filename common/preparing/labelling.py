"""Read a taxonomy, choose the labels of a dataset by the raw labels of a source, and tell what each raw label became.

Spellings are compared as `common.vocabulary.normalise` writes them.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import config
from common.config import settings
from common.errors import UserError
from common.vocabulary import Vocabulary, is_any, normalise

DEFAULT_TAXONOMY = Path(__file__).with_name("taxonomy.yaml")


@settings
class StyleEntry:
    """A style's family and its other names."""

    family: str
    aliases: tuple[str, ...] = ()


@settings
class TaxonomyFile:
    """The contents of a taxonomy YAML file."""

    genres: dict[str, tuple[str, ...]]
    styles: dict[str, StyleEntry]
    unlabelled: tuple[str, ...] = ()
    """Labels that mean "no label"."""


@dataclass(frozen=True)
class Naming:
    """How the raw labels of one kind, genre or style, get their names."""

    kind: str
    canonical: dict[str, str]
    """The taxonomy's name for each spelling."""
    known: dict[str, str]
    """The name to use for each spelling: of a style its family, unless styles stay fine."""
    families: dict[str, str]
    """The family of each style, which a rare style joins."""
    unlabelled: frozenset[str]
    """Spellings that mean "no label"."""
    keep_unknown: bool

    def name(self, raw: str) -> str | None:
        """Return the name of a raw label, None for unlabelled."""
        spelling = normalise(raw)
        if self.keep_unknown and self.is_unknown(raw):
            own = {normalise(family): family for family in self.families.values()}.get(spelling, spelling)
            return own if _can_be_requested(own) else None
        return None if spelling in self.unlabelled else self.known.get(spelling)

    def is_unknown(self, raw: str) -> bool:
        """Return True if the taxonomy does not know a raw label that says something."""
        return normalise(raw) not in self.known and normalise(raw) not in self.unlabelled


def load_naming(taxonomy: Path, *, fine_styles: bool, keep_unknown: bool) -> tuple[Naming, Naming]:
    """Return the naming of genres and that of styles, which are merged into families unless they stay fine.

    Raises UserError that names what is wrong in the taxonomy file.
    """
    if not taxonomy.is_file():
        raise UserError(f"taxonomy {taxonomy} does not exist; copy {DEFAULT_TAXONOMY} and edit it")
    file = config.load(TaxonomyFile, taxonomy)
    families = {name: entry.family for name, entry in file.styles.items()}
    genres = _index(file.genres, taxonomy)
    styles = _index({name: entry.aliases for name, entry in file.styles.items()}, taxonomy)
    merged = _index(dict.fromkeys(families.values(), ()), taxonomy)
    merged |= {spelling: families[style] for spelling, style in styles.items()}
    known = styles if fine_styles else merged
    shared = frozenset({"", *map(normalise, file.unlabelled)}), keep_unknown
    return Naming("genre", genres, genres, {}, *shared), Naming("style", styles, known, families, *shared)


def _index(names: dict[str, tuple[str, ...]], taxonomy: Path) -> dict[str, str]:
    index: dict[str, str] = {}
    for name, aliases in names.items():
        if not _can_be_requested(name):
            raise UserError(f"{taxonomy}: {name!r} cannot be requested by name: it is 'any' or contains , or :")
        for spelling in dict.fromkeys(normalise(label) for label in (name, *aliases)):
            if spelling in index:
                other = index[spelling]
                raise UserError(f"{taxonomy}: {spelling!r} stands for both {other!r} and {name!r}; remove one")
            index[spelling] = name
    return index


def _can_be_requested(name: str) -> bool:
    return not is_any(normalise(name)) and not {",", ":", "\n"} & set(name)


@dataclass(frozen=True)
class Labels:
    """What the raw labels of one kind became."""

    labels: list[str]
    """Each picture's label in the vocabulary, blank for unlabelled."""
    lost: frozenset[str]
    """Raw labels that the taxonomy does not know and that become unlabelled."""
    table: list[str]
    """Lines to print: each raw label, what it became and why, and the number of its pictures."""


def choose_labels(raw_labels: Sequence[str], naming: Naming, min_count: int) -> Labels:
    """Choose the labels of all pictures.

    A label with fewer than `min_count` pictures becomes its family if the family then has `min_count` pictures, and
    unlabelled otherwise.
    """
    counts = Counter(raw_labels)
    names = {raw: naming.name(raw) for raw in counts}
    totals = Counter(names[raw] for raw in raw_labels)
    joined = {
        raw: naming.families.get(name, name) if name and totals[name] < min_count else name
        for raw, name in names.items()
    }
    totals = Counter(joined[raw] for raw in raw_labels)
    labels = {raw: name if name and totals[name] >= min_count else "" for raw, name in joined.items()}

    became = {raw: (label or "unlabelled") + _note(raw, names[raw], label, naming) for raw, label in labels.items()}
    width, became_width = max(map(len, counts)) + 2, max(36, *map(len, became.values()))
    rows: list[tuple[str, str, int | str]] = [(f"{naming.kind}s", "became", "pictures")]
    rows += [(raw or "(blank)", became[raw], count) for raw, count in counts.most_common()]
    table = [f"{raw:{width}}  {what:{became_width}} {number:>8}" for raw, what, number in rows]
    lost = frozenset(raw for raw, name in names.items() if name is None and naming.is_unknown(raw))
    return Labels([labels[raw] for raw in raw_labels], lost, table)


def _note(raw: str, name: str | None, label: str, naming: Naming) -> str:
    """Say why a raw label, which has a name or none, became a label; blank where that is plain."""
    unknown = naming.is_unknown(raw)
    near = difflib.get_close_matches(normalise(raw), naming.canonical, n=1) if unknown else []
    hint = f"; did you mean {naming.canonical[near[0]]}?" if near else ""
    if label and label != name:
        return " (too few, joined its family)"
    if name and not label:
        return f" (too few, see --min-count){hint}"
    kept = ", keeps its name" if name else ", cannot be requested by name" if naming.keep_unknown else ""
    return f" (unknown{kept}){hint}" if unknown else ""


def build_vocabulary(
    genres: Sequence[str], styles: Sequence[str], genre_naming: Naming, style_naming: Naming
) -> Vocabulary:
    """Return the labels of the training pictures in alphabetical order, with their counts, families and aliases."""
    genre_counts, style_counts = (
        {name: count for name, count in sorted(Counter(labels).items()) if name} for labels in (genres, styles)
    )
    families: dict[str, tuple[str, ...]] = {}
    for style in style_counts:
        family = style_naming.families.get(style, style)
        families[family] = (*families.get(family, ()), style)
    families = {family: members for family, members in families.items() if members != (family,)}
    called = {style: style if style in style_counts else family for style, family in style_naming.families.items()}
    styles_asked = {spelling: called[style] for spelling, style in style_naming.canonical.items()}
    return Vocabulary(
        genres=genre_counts,
        styles=style_counts,
        families=families,
        genre_aliases={spelling: name for spelling, name in genre_naming.canonical.items() if name in genre_counts},
        style_aliases={text: name for text, name in styles_asked.items() if name in style_counts or name in families},
    )
