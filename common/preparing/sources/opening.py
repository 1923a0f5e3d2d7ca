"""Choose the source that a command line asks for. A new kind of source is added here.

A source is a function that returns a `Listing`. Whatever is a tree of files (a folder, a zip, a tar) is a `Files`;
where the labels of such a tree stand is told by a function from `Files` to `Listing`.
"""

from __future__ import annotations

import os
from functools import partial
from itertools import cycle, product
from pathlib import Path

from common.errors import UserError
from common.preparing.procedural.painting import COMPOSITIONS, RENDERINGS, paint
from common.preparing.sources.archives import open_files
from common.preparing.sources.collection import labels_table
from common.preparing.sources.files import Entry, Listing, Record, Source
from common.preparing.sources.hugging_face import hugging_face_dataset
from common.preparing.sources.layouts import class_folders, folder_levels
from common.preparing.sources.wikiart_download import wikiart_download
from common.preparing.sources.wikiart_site import PoliteClient, wikiart_site
from common.vocabulary import Kind

PROCEDURAL, WIKIART = "procedural", "wikiart.org"
PAINTED_SIZE = 256
"""Side of procedural paintings, in pixels."""


def open_source(
    place: str,
    *,
    folders: str | None = None,
    wikiart_lists: Path | None = None,
    hugging_face: bool = False,
    label: Kind = "genre",
    class_names: Path | None = None,
    follow_links: bool = False,
    count: int = 3000,
    seed: int = 0,
    downloads: Path = Path("downloads"),
    per_genre: int = 500,
    pause: float = 1.0,
) -> Source:
    """Return `procedural`, `wikiart.org`, a Hugging Face dataset, or a folder, zip or tar as a source.

    Each source reads its own options alone. Raises UserError if the source does not exist.
    """
    if place in (PROCEDURAL, WIKIART) and (folders or wikiart_lists or hugging_face):
        raise UserError(f"{place} brings its own labels; leave out --folders, --wikiart-lists and --hugging-face")
    if folders is not None:
        folder_levels(folders)
    if place == PROCEDURAL:
        return partial(painted, count, seed)
    if place == WIKIART:
        return partial(wikiart_site, downloads, per_genre, PoliteClient(pause))
    if hugging_face or (not folders and _is_hugging_face(Path(place))):
        return partial(hugging_face_dataset, place, label, class_names)
    files = open_files(Path(place), follow_links=follow_links)
    if wikiart_lists is not None:
        return partial(wikiart_download, files, open_files(wikiart_lists))
    if folders is not None:
        return partial(class_folders, files, folders)
    return partial(labels_table, files, label=label, names=class_names)


def _is_hugging_face(place: Path) -> bool:
    """Return True if a file or folder is the `datasets` library's alone: parquet without pictures, or what it saved."""
    if os.path.isfile(place):
        return place.suffix.lower() == ".parquet"
    saved = any(os.path.isfile(place / name) for name in ("dataset_info.json", "dataset_dict.json"))
    folders = [place, place / "data"]
    inside = {Path(name).suffix.lower() for folder in folders if os.path.isdir(folder) for name in os.listdir(folder)}
    return saved or (".parquet" in inside and inside <= {".parquet", ".json", ".md", ".txt", ""})


def painted(count: int, seed: int) -> Listing:
    """List `count` procedural paintings with the seeds `seed`, `seed + 1`, and so on."""
    entries = (
        Entry(
            Record(str(number), genre, style, artist="procedural", title=f"no. {number}"),
            partial(paint, genre, style, seed=number, size=PAINTED_SIZE),
        )
        for number, (genre, style) in zip(
            range(seed, seed + count), cycle(product(COMPOSITIONS, RENDERINGS)), strict=False
        )
    )
    return Listing(f"procedural (seed {seed})", entries, count)


def require_apart(place: str, out: Path, downloads: Path) -> None:
    """Raise UserError if the dataset folder `out` and the source lie one inside the other, or if it holds downloads."""
    read = (downloads if place == WIKIART else Path(place)).resolve()
    exists = place == WIKIART or (place != PROCEDURAL and os.path.exists(place))
    # Only listed files of the downloads are read: a dataset beside them does no harm.
    inside = place != WIKIART and out.resolve().is_relative_to(read)
    if exists and (inside or read.is_relative_to(out.resolve())):
        raise UserError(f"--out {out} and {read}, which is read, lie one inside the other; give a folder elsewhere")
