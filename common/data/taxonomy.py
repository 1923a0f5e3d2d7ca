"""Raw labels in, canonical names out: the taxonomy that data preparation and generation both consult."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from common import config
from common.config import settings
from common.errors import UserError

DEFAULT_TAXONOMY = Path(__file__).with_name("taxonomy.yaml")


@settings
class StyleEntry:
    """A style's family and the other names it goes by."""

    family: str
    aliases: tuple[str, ...] = ()


@settings
class TaxonomyFile:
    """What a taxonomy YAML file holds."""

    genres: dict[str, tuple[str, ...]]
    styles: dict[str, StyleEntry]
    unlabelled: tuple[str, ...] = ()
    """Words by which a collection says that it knows no label."""


class Taxonomy:
    """Maps any spelling of a genre or style to its canonical name, and a style to its family."""

    def __init__(self, file: TaxonomyFile, place: str) -> None:
        self._genres = _index(file.genres, place)
        self._styles = _index({name: entry.aliases for name, entry in file.styles.items()}, place)
        self._unlabelled = {normalise(word) for word in file.unlabelled}
        self._families = {name: entry.family for name, entry in file.styles.items()}
        self._family_names = _index(dict.fromkeys(self._families.values(), ()), place)

    @classmethod
    def load(cls, path: Path = DEFAULT_TAXONOMY) -> Taxonomy:
        """Read a taxonomy file. Raises UserError naming what is wrong in it."""
        if not path.is_file():
            raise UserError(f"taxonomy {path} does not exist; start from a copy of {DEFAULT_TAXONOMY}")
        return cls(config.load(TaxonomyFile, path), place=str(path))

    def genre(self, raw: str) -> str | None:
        """Canonical genre of a raw label, None where the taxonomy does not know it."""
        return self._genres.get(normalise(raw))

    def style(self, raw: str) -> str | None:
        """Canonical style of a raw label, None where the taxonomy does not know it."""
        return self._styles.get(normalise(raw))

    def family_named(self, raw: str) -> str | None:
        """The family that a raw label names, None where there is none."""
        return self._family_names.get(normalise(raw))

    def own_name(self, raw: str) -> str | None:
        """What to call a raw label that is not known; None where nobody could ask for it by that name."""
        name = self.family_named(raw) or normalise(raw)
        return name if _can_be_asked_for(name) and not self.says_nothing(raw) else None

    def says_nothing(self, raw: str) -> bool:
        """Whether a raw label is blank or a word for having none."""
        return normalise(raw) in self._unlabelled | {""}

    def spellings(self) -> tuple[dict[str, str], dict[str, str]]:
        """Normalised spellings with their canonical names, of genres and of styles."""
        return dict(self._genres), dict(self._styles)

    def family(self, style: str) -> str:
        """Family of a canonical style; a family's name, which stands for its styles once merged, is its own."""
        return self._families.get(style, style)


def normalise(label: str) -> str:
    """One spelling for all: lower case, no accents, words joined by hyphens."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", label) if not unicodedata.combining(letter))
    return "-".join(plain.lower().replace("_", " ").replace("-", " ").split())


def _index(names: dict[str, tuple[str, ...]], place: str) -> dict[str, str]:
    index: dict[str, str] = {}
    for name, aliases in names.items():
        if not _can_be_asked_for(name):
            raise UserError(f"{place}: {name!r} cannot be asked for by that name; take another, without , and :")
        for spelling in dict.fromkeys(normalise(label) for label in (name, *aliases)):
            if spelling in index:
                raise UserError(f"{place}: {spelling!r} stands for both {index[spelling]!r} and {name!r}")
            index[spelling] = name
    return index


def _can_be_asked_for(name: str) -> bool:
    return normalise(name) != "any" and not {",", ":", "\n"} & set(name)
