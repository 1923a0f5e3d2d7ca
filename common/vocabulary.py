"""The label names that a dataset, a run and an export share; parses the label text that a user types.

In: names with their counts, fixed when a dataset is prepared. Out: points of the genre or style simplex, which the
networks take as their condition.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Literal

from common.aspects import EVERY_GENRE
from common.config import settings
from common.errors import UserError, suggest

ANY = "any"
SEVERAL = "|"
"""Stands between several labels of one painting in a table."""
TO_TRAIN = (
    "give the dataset that the model was trained on (--data) or a model of these labels (--stage1), or train one "
    "(--start-from can start from those weights)"
)
"""What to do before training if a model and a dataset have other labels."""
Kind = Literal["genre", "style"]


@settings
class Vocabulary:
    """Label names, in the order of the networks' inputs, and the number of training paintings of each."""

    genres: dict[str, int]
    """Paintings per genre; the order of the keys is the order of the genre simplex."""
    styles: dict[str, int]
    """Paintings per style; the order of the keys is the order of the style simplex."""
    families: dict[str, tuple[str, ...]]
    """Names that stand for several styles of the vocabulary; a style may have the name of its family."""
    genre_aliases: dict[str, str] = field(default_factory=dict)
    """Other spellings of these genres, normalised, from the taxonomy of the dataset."""
    style_aliases: dict[str, str] = field(default_factory=dict)
    """Other spellings of these styles and families, normalised, from the taxonomy of the dataset."""
    shapes: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """For genres and `any`: shapes, width divided by height, that paintings had before they were squashed to squares.

    Empty if they were cropped or padded, or prepared before shapes were kept.
    """

    def __post_init__(self) -> None:
        # An export may come from a stranger: find a broken one now, not when a family is first used.
        empty = [name for name, count in (self.genres | self.styles).items() if count < 1]
        if empty:
            raise ValueError(f"labels without a painting: {', '.join(empty)}")
        unknown = sorted({style for members in self.families.values() for style in members} - self.styles.keys())
        if unknown:
            raise ValueError(f"families name unknown styles: {', '.join(unknown)}")
        meant = {*self.genre_aliases.values()} - self.genres.keys()
        meant |= {*self.style_aliases.values()} - self.styles.keys() - self.families.keys()
        if meant:
            raise ValueError(f"aliases stand for unknown labels: {', '.join(sorted(meant))}")
        wrong = [genre for genre, shapes in self.shapes.items() if not shapes or not all(0 < s < 100 for s in shapes)]
        if wrong or (self.shapes and EVERY_GENRE not in self.shapes):
            raise ValueError(f"shapes of paintings are not numbers above 0: {', '.join(wrong) or EVERY_GENRE}")

    def genre_weights(self, text: str) -> tuple[float, ...]:
        """Return the point of the genre simplex for `portrait`, `portrait:0.7,landscape:0.3` or `any` (all zeros)."""
        return self._point("genre", text)

    def style_weights(self, text: str) -> tuple[float, ...]:
        """Return the point of the style simplex; a family stands for its styles in proportion to their counts.

        A style that the vocabulary has only as part of a family, such as `high renaissance`, stands for the family.
        """
        return self._point("style", text)

    def spelling(self, kind: Kind, text: str) -> str:
        """Return the text in the vocabulary's spelling: `Portraits` becomes `portrait`; a family keeps its name."""
        shares = self._shares(kind, text)
        if len(shares) < 2:
            return shares[0][0] if shares else ANY
        return ",".join(label if share == 1 else f"{label}:{format_number(share)}" for label, share in shares)

    def _point(self, kind: Kind, text: str) -> tuple[float, ...]:
        counts, families = (self.genres, {}) if kind == "genre" else (self.styles, self.families)
        weights, shares = dict.fromkeys(counts, 0.0), self._shares(kind, text)
        for label, share in shares:
            if label not in families:
                weights[label] += share
                continue
            paintings = sum(counts[member] for member in families[label])
            for member in families[label]:
                weights[member] += share * counts[member] / paintings
        total = sum(weights.values())
        if shares and not 0 < total < float("inf"):
            raise UserError(f"{kind} {text!r}: the shares add up to {total:g}; their sum must be finite and above 0")
        return tuple(weight / total if shares else 0.0 for weight in weights.values())

    def _shares(self, kind: Kind, text: str) -> list[tuple[str, float]]:
        """Return the labels, including families, each with the share asked for; an empty list means any."""
        if is_any(text):
            return []
        genre = kind == "genre"
        names = [*self.genres] if genre else [*self.styles, *self.families]
        aliases = self.genre_aliases if genre else self.style_aliases
        found = []
        for part in text.split(","):
            name, colon, number = part.strip().partition(":")
            label = _meant(name, names, aliases)
            try:
                share = float(number) if colon else 1.0
            except ValueError:
                share = -1.0
            if not 0 <= share < float("inf"):
                raise UserError(f"{kind} {part.strip()!r}: the share after ':' must be a number, 0 or above")
            if label is None:
                raise UserError(f"unknown {kind} {name.strip()!r}{suggest(name.strip(), [*names, ANY])}")
            found.append((label, share))
        return found


def counted(vocabulary: Vocabulary) -> str:
    """Return the number of labels in words: `14 genres and no styles`."""
    kinds = ("genre", vocabulary.genres), ("style", vocabulary.styles)
    return " and ".join(f"{len(names) or 'no'} {kind}{'' if len(names) == 1 else 's'}" for kind, names in kinds)


def require_same(
    model: Vocabulary, dataset: Vocabulary, model_place: str, dataset_place: str, remedy: str = TO_TRAIN
) -> None:
    """Raise UserError, with a remedy, if a model and a dataset differ in the names or the order of their labels."""
    for kind in ("genres", "styles"):
        ours, theirs = (tuple(getattr(labels, kind)) for labels in (model, dataset))
        if ours == theirs:
            continue
        changed = sorted(set(ours) ^ set(theirs)) or [a for a, b in zip(ours, theirs, strict=True) if a != b]
        raise UserError(f"the {kind} of {model_place} and {dataset_place} differ: {', '.join(changed)}; {remedy}")


def _meant(text: str, names: Sequence[str], aliases: Mapping[str, str]) -> str | None:
    """Return the one label that a text means: by its letters, else by another name, else without accents."""
    by_letters, plainly = ([name for name in names if key(name) == key(text)] for key in (fold, normalise))
    if text in names or len(by_letters) == 1:
        return text if text in names else by_letters[0]
    return plainly[0] if len(plainly) == 1 else aliases.get(normalise(text))


@lru_cache(maxsize=1 << 16)
def fold(label: str) -> str:
    """Return a label in lower case, its words joined by hyphens: labels that are equal so are one, in any script."""
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFC", label).casefold())
    return "-".join(composed.replace("_", " ").replace("-", " ").split())


@lru_cache(maxsize=1 << 16)
def normalise(label: str) -> str:
    """Return a label as `fold` does, and without the accents of Latin letters: how known names are looked up.

    In other scripts marks make other letters: й is not и, バ is not ハ.
    """
    plain, is_latin = "", False
    for letter in unicodedata.normalize("NFKD", label):
        if not unicodedata.combining(letter):
            is_latin = unicodedata.name(letter, "").startswith("LATIN")
        elif is_latin:
            continue
        plain += letter
    return fold(plain)


def is_any(text: str) -> bool:
    """Return True if the text is `any`."""
    return text.strip().lower() == ANY


def format_number(number: float) -> str:
    """Return the shortest text that reads back as the same number."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
