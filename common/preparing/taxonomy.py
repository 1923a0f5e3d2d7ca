"""Map raw labels to canonical names of genres and styles, and styles to families; `labelling` uses it."""

from __future__ import annotations

from pathlib import Path

from common import config
from common.config import settings
from common.errors import UserError
from common.vocabulary import is_any, normalise

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


class Taxonomy:
    """Maps any spelling of a genre or style to its canonical name, and a style to its family."""

    def __init__(self, file: TaxonomyFile, place: str) -> None:
        self.genres = _index(file.genres, place)
        """Canonical name of each normalised spelling of a genre."""
        self.styles = _index({name: entry.aliases for name, entry in file.styles.items()}, place)
        """Canonical name of each normalised spelling of a style."""
        self._unlabelled = {normalise(word) for word in file.unlabelled} | {""}
        self._families = {name: entry.family for name, entry in file.styles.items()}
        self._family_names = _index(dict.fromkeys(self._families.values(), ()), place)

    @classmethod
    def load(cls, path: Path = DEFAULT_TAXONOMY) -> Taxonomy:
        """Read a taxonomy file. Raises UserError that names what is wrong in it."""
        if not path.is_file():
            raise UserError(f"taxonomy {path} does not exist; copy {DEFAULT_TAXONOMY} and edit it")
        return cls(config.load(TaxonomyFile, path), place=str(path))

    def genre(self, raw: str) -> str | None:
        """Return the canonical genre of a raw label, None if it is unknown."""
        return self.genres.get(normalise(raw))

    def style(self, raw: str) -> str | None:
        """Return the canonical style of a raw label, None if it is unknown."""
        return self.styles.get(normalise(raw))

    def style_or_family(self, raw: str) -> str | None:
        """Return the family of a raw label that names a style or a family, None if it is unknown."""
        style = self.style(raw)
        return self._family_names.get(normalise(raw)) if style is None else self.family(style)

    def own_name(self, raw: str) -> str | None:
        """Return the name for an unknown raw label that is kept; None if it cannot be requested by that name."""
        name = self._family_names.get(normalise(raw)) or normalise(raw)
        return name if _can_be_requested(name) else None

    def says_nothing(self, raw: str) -> bool:
        """Return True if a raw label is blank or a word for "no label"."""
        return normalise(raw) in self._unlabelled

    def family(self, style: str) -> str:
        """Return the family of a canonical style; the name of a family is returned unchanged."""
        return self._families.get(style, style)


def _index(names: dict[str, tuple[str, ...]], place: str) -> dict[str, str]:
    index: dict[str, str] = {}
    for name, aliases in names.items():
        if not _can_be_requested(name):
            raise UserError(
                f"{place}: {name!r} cannot be requested by name; a name must not be 'any' or contain , or :"
            )
        for spelling in dict.fromkeys(normalise(label) for label in (name, *aliases)):
            if spelling in index:
                raise UserError(f"{place}: {spelling!r} stands for both {index[spelling]!r} and {name!r}; remove one")
            index[spelling] = name
    return index


def _can_be_requested(name: str) -> bool:
    return not is_any(normalise(name)) and not {",", ":", "\n"} & set(name)
