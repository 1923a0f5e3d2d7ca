"""Choose the source that the options of the command line describe; procedural paintings are made here."""

from __future__ import annotations

import itertools
import os
from functools import partial
from pathlib import Path
from typing import Any

from common.errors import UserError
from common.preparing import procedural
from common.preparing.sources.collection import Kind, class_folders, labels_table
from common.preparing.sources.files import open_files
from common.preparing.sources.hugging_face import hugging_face_dataset
from common.preparing.sources.listing import Entry, Listing, Record, Source
from common.preparing.sources.wikiart_download import wikiart_download
from common.preparing.sources.wikiart_site import PoliteClient, wikiart_site

PROCEDURAL = "procedural"
WIKIART = "wikiart.org"
OWN_OPTIONS: dict[str, dict[str, Any]] = {
    PROCEDURAL: {"count": 3000, "seed": 0},
    WIKIART: {"downloads": Path("downloads"), "per_genre": 500, "pause": 1.0},
}
"""Options that one source alone uses, with their defaults."""
PAINTED_SIZE = 256
"""Side of procedural paintings, in pixels."""


def open_source(
    place: str,
    *,
    folders: Kind | None = None,
    wikiart_lists: Path | None = None,
    hugging_face: bool = False,
    **own: Any,
) -> Source:
    """Return `procedural`, `wikiart.org`, a Hugging Face dataset, or a folder or zip as a source.

    The labels of a folder or zip come from its labels.csv, from its folder names (`folders`) or from the WikiArt
    label lists (`wikiart_lists`). `own` holds options of OWN_OPTIONS, None where the default is meant. Raises UserError
    if the source does not exist or does not use a given option.
    """
    if place in OWN_OPTIONS and (folders or wikiart_lists or hugging_face):
        raise UserError(f"{place} brings its own labels; leave out --folders, --wikiart-lists and --hugging-face")
    given = {option: value for option, value in own.items() if value is not None}
    for owner, options in OWN_OPTIONS.items():
        if place != owner and (strange := [f"--{option.replace('_', '-')}" for option in options if option in given]):
            raise UserError(f"{', '.join(strange)}: only the source {owner} uses this, not {place}; leave it out")
    chosen = OWN_OPTIONS.get(place, {}) | given
    if place == PROCEDURAL:
        return partial(painted, **chosen)
    if place == WIKIART:
        return partial(wikiart_site, client=PoliteClient(chosen.pop("pause")), **chosen)
    if hugging_face:
        return partial(hugging_face_dataset, place)
    files = open_files(Path(place))
    if wikiart_lists is not None:
        return partial(wikiart_download, files, open_files(wikiart_lists))
    return partial(labels_table, files) if folders is None else partial(class_folders, files, folders)


def painted(count: int, seed: int) -> Listing:
    """List `count` procedural paintings with the seeds `seed`, `seed + 1`, and so on."""
    if count < 1 or seed < 0:
        raise UserError(
            f"--count {count} --seed {seed}: procedural needs a count of at least 1 and a seed of at least 0"
        )
    cells = itertools.cycle(itertools.product(procedural.GENRES, procedural.STYLES))
    entries = (
        Entry(
            Record(str(number), genre, style, artist="procedural", title=f"no. {number}"),
            partial(procedural.paint, genre, style, seed=number, size=PAINTED_SIZE),
        )
        for number, (genre, style) in zip(range(seed, seed + count), cells, strict=False)
    )
    return Listing(f"procedural (seed {seed})", entries, count)


def require_apart(place: str, out: Path, downloads: Path | None) -> None:
    """Raise UserError if the dataset folder `out` is inside the source, or the source or its downloads inside `out`."""
    if place == PROCEDURAL or (place != WIKIART and not os.path.exists(place)):
        return
    read = downloads or OWN_OPTIONS[WIKIART]["downloads"] if place == WIKIART else Path(place)
    if place != WIKIART and out.resolve().is_relative_to(read.resolve()):
        raise UserError(
            f"--out {out} is inside the source {place}, so the next preparation would read it as pictures; "
            "give a folder elsewhere"
        )
    if read.resolve().is_relative_to(out.resolve()):
        raise UserError(f"{read} is inside the dataset folder {out}, which is replaced; give another folder")
