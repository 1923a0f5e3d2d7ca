"""From the words of a command line to a source."""

from __future__ import annotations

import os
from pathlib import Path

from common.data.sources.class_folders import ClassFolders, Kind
from common.data.sources.files import Files, open_files
from common.data.sources.hugging_face import HuggingFaceDataset
from common.data.sources.labels_table import LabelsTable
from common.data.sources.listing import Source
from common.data.sources.painted import PaintedPictures
from common.data.sources.polite_http import PoliteClient
from common.data.sources.wikiart_download import WikiArtDownload
from common.data.sources.wikiart_site import WikiArtSite
from common.errors import UserError

PROCEDURAL = "procedural"
WIKIART = "wikiart.org"


def open_source(
    place: str,
    *,
    folders: Kind | None = None,
    wikiart_lists: Path | None = None,
    hugging_face: bool = False,
    count: int = 1,
    seed: int = 0,
    downloads: Path = Path("downloads"),
    per_genre: int = 500,
    pause: float = 1.0,
) -> Source:
    """`procedural`, `wikiart.org`, a Hugging Face dataset, or a folder or zip.

    The labels of a folder or zip stand in its labels.csv, in its folders' names, or in the lists of WikiArt.
    Raises UserError where there is no such thing.
    """
    if place in {PROCEDURAL, WIKIART} and (folders or wikiart_lists or hugging_face):
        raise UserError(f"{place} brings its own labels; leave out --folders, --wikiart-lists and --hugging-face")
    if place == PROCEDURAL:
        return PaintedPictures(count, seed)
    if place == WIKIART:
        return WikiArtSite(downloads, per_genre, PoliteClient(pause))
    if hugging_face:
        return HuggingFaceDataset(place)
    files = open_files(Path(place))
    if wikiart_lists is not None:
        return WikiArtDownload(files, _lists(wikiart_lists))
    if folders is not None:
        return ClassFolders(files, folders)
    return LabelsTable(files)


def _lists(place: Path) -> Files:
    if not os.path.exists(place):
        raise UserError(f"{place} does not exist; --wikiart-lists names the folder that holds the label lists")
    return open_files(place)
