"""Read a taxonomy, choose the labels of a dataset by the raw labels of a source, and tell what each raw label became.

Spellings are looked up in the taxonomy as `common.vocabulary.normalise` writes them. A label that it does not know
keeps the name that the collection writes; two such labels are one if `fold` makes them equal. Several labels of one
picture are joined by `|`.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import config
from common.config import settings
from common.errors import UserError
from common.vocabulary import SEVERAL, Vocabulary, fold, is_any, normalise

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
    taxonomy_only: bool
    """True if a label that the taxonomy does not know means "no label"."""

    def parts(self, raw: str, alone: Collection[str] = ()) -> tuple[str, ...]:
        """Return the labels in a raw label: those between `|` or `;`.

        Those between commas, `/` or `&` are several if the taxonomy knows each or it is one of `alone`: labels, as
        `fold` writes them, that other pictures have alone.
        """
        parts: list[str] = []
        for part in _certain_parts(raw):
            inside = [one.strip() for one in re.split("[,/&]", part)] if self.is_unknown(part) else [part]
            is_several = all(one and (not self.is_unknown(one) or fold(one) in alone) for one in inside)
            parts += inside if is_several else [part]
        return tuple(dict.fromkeys(parts))

    def name(self, label: str) -> str | None:
        """Return the name of a single raw label, None for unlabelled."""
        spelling = normalise(label)
        if not self.taxonomy_only and self.is_unknown(label):
            own = {normalise(family): family for family in self.families.values()}.get(spelling, _own_name(label))
            return own if re.search(r"[^\W_]", own) and not is_any(own) else None
        return None if spelling in self.unlabelled else self.known.get(spelling)

    def is_labelled(self, raw: str) -> bool:
        """Return True if a raw label has a name."""
        return any(self.name(part) is not None for part in self.parts(raw))

    def is_unknown(self, label: str) -> bool:
        """Return True if the taxonomy does not know a single raw label that says something."""
        return normalise(label) not in self.known and normalise(label) not in self.unlabelled


def _certain_parts(raw: str) -> list[str]:
    return [part for part in map(str.strip, re.split(r"[|;]", raw)) if part]


def _own_name(label: str) -> str:
    """Return a label as the collection writes it, without the marks that divide labels where they are requested."""
    return " ".join(re.sub(r"[,:|]", " ", unicodedata.normalize("NFC", label)).split())


def load_naming(taxonomy: Path, *, fine_styles: bool, taxonomy_only: bool) -> tuple[Naming, Naming]:
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
    shared = frozenset({"", *map(normalise, file.unlabelled)}), taxonomy_only
    return Naming("genre", genres, genres, {}, *shared), Naming("style", styles, known, families, *shared)


def _index(names: dict[str, tuple[str, ...]], taxonomy: Path) -> dict[str, str]:
    index: dict[str, str] = {}
    for name, aliases in names.items():
        if not _can_be_requested(name):
            raise UserError(f"{taxonomy}: {name!r} cannot be requested by name: it is 'any' or contains , : or |")
        for spelling in dict.fromkeys(normalise(label) for label in (name, *aliases)):
            if spelling in index:
                other = index[spelling]
                raise UserError(f"{taxonomy}: {spelling!r} stands for both {other!r} and {name!r}; remove one")
            index[spelling] = name
    return index


def _can_be_requested(name: str) -> bool:
    return not is_any(normalise(name)) and not {",", ":", SEVERAL, "\n"} & set(name)


@dataclass(frozen=True)
class Labels:
    """What the raw labels of one kind became."""

    labels: list[str]
    """Each picture's label in the vocabulary, blank for unlabelled; several are joined by `|`."""
    lost: frozenset[str]
    """Raw labels of which one becomes unlabelled because the taxonomy does not know it, or because it is no name."""
    table: list[str]
    """Lines to print: each raw label, what it became and why, and the number of its pictures."""
    remarks: tuple[str, ...]
    """What was joined, for the summary."""
    largest: tuple[str, int] | None
    """The label with the most pictures and their number, whether it was kept or not; None if nothing is a label."""


def usual_min_count(num_pictures: int) -> int:
    """Return the fewest pictures that a label needs if nothing else is said: 1 in 100 of all, but 2 to 50."""
    return min(max(num_pictures // 100, 2), 50)


def choose_labels(raw_labels: Sequence[str], naming: Naming, min_count: int) -> Labels:
    """Choose the labels of all pictures.

    A label with fewer than `min_count` pictures becomes its family if the family then has `min_count` pictures, and
    unlabelled otherwise.
    """
    different = dict.fromkeys(raw_labels)
    alone = {fold(part) for raw in different for part in _certain_parts(raw)}
    parts_of = {raw: naming.parts(raw, alone) for raw in different}
    counts = Counter(part for raw in raw_labels for part in parts_of[raw] or ("",))
    names = _one_spelling({part: naming.name(part) for part in counts}, counts)
    totals = _totals(parts_of, raw_labels, names)
    joined = {
        part: naming.families.get(name, name) if name and totals[name] < min_count else name
        for part, name in names.items()
    }
    finally_ = _totals(parts_of, raw_labels, joined)
    labels = {part: name if name and finally_[name] >= min_count else "" for part, name in joined.items()}

    became = {part: (label or "unlabelled") + _note(part, names[part], label, naming) for part, label in labels.items()}
    width, became_width = max(map(len, counts), default=0) + 2, max(24, *map(len, became.values()), 0)
    rows: list[tuple[str, str, int | str]] = [(f"{naming.kind}s", "became", "pictures")]
    rows += [(part or "(blank)", became[part], count) for part, count in counts.most_common()]
    table = [f"{part:{width}}  {what:{became_width}} {number:>8}" for part, what, number in rows]
    lost_parts = {part for part, name in names.items() if name is None and naming.is_unknown(part)}
    lost = frozenset(raw for raw, parts in parts_of.items() if lost_parts & {*parts})
    whole = {raw: SEVERAL.join(_different(labels[part] for part in parts)) for raw, parts in parts_of.items()}
    chosen = [whole[raw] for raw in raw_labels]
    return Labels(chosen, lost, table, _joins(counts, chosen, naming), max(totals.items(), key=_number, default=None))


def _one_spelling(names: dict[str, str | None], counts: Counter[str]) -> dict[str, str | None]:
    """Give the spellings of each name the commonest one, the first of equals."""
    spellings: dict[str, Counter[str]] = {}
    for part, name in names.items():
        if name is not None:
            spellings.setdefault(fold(name), Counter())[name] += counts[part]
    return {part: name and spellings[fold(name)].most_common(1)[0][0] for part, name in names.items()}


def _totals(
    parts_of: dict[str, tuple[str, ...]], raw_labels: Sequence[str], names: dict[str, str | None]
) -> Counter[str]:
    """Count the pictures of each name; a picture with two spellings of it counts once."""
    different = {raw: _different(names[part] for part in parts) for raw, parts in parts_of.items()}
    return Counter(name for raw in raw_labels for name in different[raw])


def _different(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _number(counted: tuple[str, int]) -> int:
    return counted[1]


def _joins(counts: Counter[str], labels: Sequence[str], naming: Naming) -> tuple[str, ...]:
    """Say which spellings were read as one label, and how many pictures have several."""
    spellings: dict[str, list[str]] = {}
    for part in counts:
        if naming.name(part) is not None:
            spellings.setdefault(fold(part), []).append(part)
    commas = [part for part in counts if "," in part]
    one = [" = ".join(some) for some in spellings.values() if len(some) > 1]
    several = [label for label in labels if SEVERAL in label] or [""]
    said = {
        f"{len(one)} {naming.kind}s are spelled in more than one way: {', '.join(one[:3])}": one,
        f"{len(commas)} {naming.kind}s with a comma are one label each: {'; '.join(commas[:3])} "
        "(write | between several)": commas,
        f"{len(several)} pictures have several {naming.kind}s, such as {several[0]}": several[0],
    }
    return tuple(remark for remark, some in said.items() if some)


def _note(raw: str, name: str | None, label: str, naming: Naming) -> str:
    """Say why a raw label, which has a name or none, became a label; blank where that is plain."""
    unknown = naming.is_unknown(raw)
    near = difflib.get_close_matches(normalise(raw), naming.canonical, n=1, cutoff=0.8) if unknown else []
    hint = f"; did you mean {naming.canonical[near[0]]}?" if near else ""
    if label and label != name:
        return " (too few, joined its family)"
    if name and not label:
        return f" (too few, see --min-count){hint}"
    if name:
        return hint.replace("; ", " (").replace("?", "?)")
    if unknown:
        return f" (unknown){hint}" if naming.taxonomy_only else " (no name)"
    return " (means no label)" if raw else ""


def build_vocabulary(
    genres: Sequence[str], styles: Sequence[str], genre_naming: Naming, style_naming: Naming
) -> Vocabulary:
    """Return the labels of the training pictures in alphabetical order, with their counts, families and aliases."""
    genre_counts, style_counts = (
        dict(sorted(Counter(name for label in labels if label for name in label.split(SEVERAL)).items()))
        for labels in (genres, styles)
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
