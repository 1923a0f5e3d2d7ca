"""Open the source that the options of the command line describe."""

from __future__ import annotations

import os
from pathlib import Path

from common.errors import UserError
from common.preparing.sources.class_folders import ClassFolders, Kind
from common.preparing.sources.files import Files, open_files
from common.preparing.sources.hugging_face import HuggingFaceDataset
from common.preparing.sources.labels_table import LabelsTable
from common.preparing.sources.listing import Source
from common.preparing.sources.painted import PaintedPictures
from common.preparing.sources.polite_http import PoliteClient
from common.preparing.sources.wikiart_download import WikiArtDownload
from common.preparing.sources.wikiart_site import WikiArtSite

PROCEDURAL = "procedural"
WIKIART = "wikiart.org"
COUNT = 3000
DOWNLOADS = Path("downloads")
PER_GENRE = 500
PAUSE = 1.0


def open_source(
    place: str,
    *,
    folders: Kind | None = None,
    wikiart_lists: Path | None = None,
    hugging_face: bool = False,
    count: int | None = None,
    seed: int | None = None,
    downloads: Path | None = None,
    per_genre: int | None = None,
    pause: float | None = None,
) -> Source:
    """Open `procedural`, `wikiart.org`, a Hugging Face dataset, or a folder or zip.

    The labels of a folder or zip come from its labels.csv, from its folder names (`folders`) or from the WikiArt
    label lists (`wikiart_lists`). Raises UserError if the source does not exist or does not use a given option.
    """
    if place in {PROCEDURAL, WIKIART} and (folders or wikiart_lists or hugging_face):
        raise UserError(f"{place} brings its own labels; leave out --folders, --wikiart-lists and --hugging-face")
    if place != PROCEDURAL:
        _refuse_given(place, PROCEDURAL, {"--count": count, "--seed": seed})
    if place != WIKIART:
        _refuse_given(place, WIKIART, {"--downloads": downloads, "--per-genre": per_genre, "--pause": pause})
    if place == PROCEDURAL:
        return PaintedPictures(COUNT if count is None else count, 0 if seed is None else seed)
    if place == WIKIART:
        client = PoliteClient(PAUSE if pause is None else pause)
        return WikiArtSite(downloads or DOWNLOADS, PER_GENRE if per_genre is None else per_genre, client)
    if hugging_face:
        return HuggingFaceDataset(place)
    files = open_files(Path(place))
    if wikiart_lists is not None:
        return WikiArtDownload(files, _lists(wikiart_lists))
    if folders is not None:
        return ClassFolders(files, folders)
    return LabelsTable(files)


def require_apart(place: str, out: Path, downloads: Path | None) -> None:
    """Raise UserError if the dataset folder `out` is inside the source, or the source or its downloads inside `out`."""
    out_path = out.resolve()
    if place == WIKIART:
        downloads = downloads or DOWNLOADS
        if downloads.resolve().is_relative_to(out_path):
            raise UserError(
                f"--downloads {downloads} is inside the dataset folder {out}, which is replaced; give another folder"
            )
    elif place != PROCEDURAL and os.path.exists(place):
        source = Path(place).resolve()
        if out_path.is_relative_to(source):
            raise UserError(
                f"--out {out} is inside the source {place}, so the next preparation would read it as pictures; "
                "give a folder elsewhere"
            )
        if source.is_relative_to(out_path):
            raise UserError(
                f"{place} is inside the dataset folder {out}, which is replaced; give another folder with --out"
            )


def _refuse_given(place: str, kind: str, options: dict[str, object]) -> None:
    given = [option for option, value in options.items() if value is not None]
    if given:
        raise UserError(f"{', '.join(given)}: only the source {kind} uses this, not {place}; leave it out")


def _lists(place: Path) -> Files:
    if not os.path.exists(place):
        raise UserError(f"{place} does not exist; --wikiart-lists names the folder that holds the label lists")
    return open_files(place)
