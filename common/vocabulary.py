"""The label names that a dataset, a run and an export share, and what a user's label text means in them.

Enters: names with their counts, fixed when a dataset is made. Leaves: points of the genre or style simplex,
which the networks take as their condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from common.config import settings
from common.data.taxonomy import normalise
from common.errors import UserError, suggest

ANY = "any"


@settings
class Vocabulary:
    """Label names in the order that the networks know them by, and how many training paintings each has."""

    genres: dict[str, int]
    """Paintings per genre; the order of the keys is the order of the genre simplex."""
    styles: dict[str, int]
    """Paintings per style; the order of the keys is the order of the style simplex."""
    families: dict[str, tuple[str, ...]]
    """Names that stand for several styles of the vocabulary at once, a style of the same name among them."""
    genre_aliases: dict[str, str] = field(default_factory=dict)
    """Normalised spellings by which the taxonomy of the dataset knew these genres."""
    style_aliases: dict[str, str] = field(default_factory=dict)
    """Normalised spellings by which the taxonomy of the dataset knew these styles and families."""

    def __post_init__(self) -> None:
        # An export may come from a stranger, whose families would be looked up much later.
        empty = [name for name, count in (self.genres | self.styles).items() if count < 1]
        if empty:
            raise ValueError(f"labels of no painting: {', '.join(empty)}")
        unknown = sorted({style for members in self.families.values() for style in members} - self.styles.keys())
        if unknown:
            raise ValueError(f"families name unknown styles: {', '.join(unknown)}")
        meant = {*self.genre_aliases.values()} - self.genres.keys()
        meant |= {*self.style_aliases.values()} - self.styles.keys() - self.families.keys()
        if meant:
            raise ValueError(f"aliases stand for unknown labels: {', '.join(sorted(meant))}")

    def genre_weights(self, text: str) -> tuple[float, ...]:
        """Point of the genre simplex for `portrait`, `portrait:0.7,landscape:0.3` or `any` (all zeros).

        Raises UserError for unknown names, with the nearest one, and for weights that make no sense.
        """
        return _simplex(text, "genre", self.genres, {}, self.genre_aliases)

    def style_weights(self, text: str) -> tuple[float, ...]:
        """Point of the style simplex; a family stands for its styles in proportion to their counts.

        A style that the vocabulary knows only by its family, as `high renaissance`, stands for the family.
        """
        families = {
            family: {style: float(self.styles[style]) for style in members} for family, members in self.families.items()
        }
        return _simplex(text, "style", self.styles, families, self.style_aliases)


def require_same(model: Vocabulary, dataset: Vocabulary, model_place: str, dataset_place: str) -> None:
    """Raise UserError naming the labels by which a model and a dataset differ, in names or in order."""
    for kind, ours, theirs in (
        ("genres", tuple(model.genres), tuple(dataset.genres)),
        ("styles", tuple(model.styles), tuple(dataset.styles)),
    ):
        if ours == theirs:
            continue
        changed = sorted(set(ours) ^ set(theirs)) or [a for a, b in zip(ours, theirs, strict=True) if a != b]
        raise UserError(
            f"{kind} of {model_place} and of {dataset_place} differ in {', '.join(changed)}; "
            f"use the dataset that the model was trained on, or train on this one"
        )


def is_any(text: str) -> bool:
    """Whether a label's text leaves the choice open."""
    return text.strip().lower() == ANY


def _simplex(
    text: str,
    kind: str,
    counts: Mapping[str, int],
    families: Mapping[str, Mapping[str, float]],
    aliases: Mapping[str, str],
) -> tuple[float, ...]:
    weights = dict.fromkeys(counts, 0.0)
    if is_any(text):
        return tuple(weights.values())
    for part in text.split(","):
        name, colon, number = part.strip().partition(":")
        share = _share(number, part, kind) if colon else 1.0
        members = _members(name.strip(), kind, counts, families, aliases)
        for member, weight in members.items():
            weights[member] += share * weight / sum(members.values())
    total = sum(weights.values())
    if not 0 < total < float("inf"):
        raise UserError(f"{kind} {text!r}: the shares add up to {total:g}; give numbers of which one is above 0")
    return tuple(weight / total for weight in weights.values())


def _members(
    name: str,
    kind: str,
    counts: Mapping[str, int],
    families: Mapping[str, Mapping[str, float]],
    aliases: Mapping[str, str],
) -> Mapping[str, float]:
    spelling = normalise(name)
    names = {**aliases, **{normalise(label): label for label in (*counts, *families)}}
    label = names.get(spelling, "")
    if label in families:
        return families[label]
    if label in counts:
        return {label: 1.0}
    raise UserError(f"unknown {kind} {name!r}{suggest(name, [*counts, *families, ANY])}")


def _share(number: str, part: str, kind: str) -> float:
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if not 0 <= share < float("inf"):
        raise UserError(f"{kind} {part.strip()!r}: the share after ':' must be a number of at least 0")
    return share
