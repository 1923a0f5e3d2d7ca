"""Make a dataset folder: `python scripts/prepare_data.py SOURCE --out data --sizes 64 128`."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import fields
from pathlib import Path

from command_line import Parser, at_least
from common.data.dataset import SIZES
from common.errors import run_command
from common.machine import available_cores
from common.preparing.labelling import DEFAULT_TAXONOMY
from common.preparing.preparation import prepare
from common.preparing.reading import PreparationSettings
from common.preparing.sources.files import writable
from common.preparing.sources.opening import open_source, require_apart
from common.preparing.squares import FITS

OPTIONS_OF = {"procedural": ("count", "seed"), "wikiart.org": ("downloads", "per_genre", "pause")}
"""Options that one source alone reads."""


def main() -> None:
    parser = Parser(description="Make a dataset folder from labelled pictures.")
    add = parser.add_argument
    add("place", metavar="source", help="folder, zip or tar, `procedural`, `wikiart.org`, or a Hugging Face dataset")
    labels = parser.add_mutually_exclusive_group().add_argument
    levels = "what the folders' names are, outermost first: genre, style, genre/style, -/style (- is not read)"
    labels("--folders", metavar="LEVELS", help=levels)
    labels("--wikiart-lists", type=Path, help="folder with the label lists of the public WikiArt download")
    labels("--hugging-face", action="store_true", help="SOURCE names a Hugging Face dataset, or is its path")
    add("--label", choices=("genre", "style"), default="genre", help="what a column `label` or `class` of a table is")
    add("--class-names", type=Path, help="file with the names of classes 0, 1, …, a line each")
    add("--follow-links", action="store_true", help="read linked files and folders outside SOURCE")
    add("--out", type=Path, default=Path("data"), help="dataset folder")
    add("--sizes", type=int, nargs="+", choices=SIZES, default=[64, 128], help="sizes to store, sides in pixels")
    add("--fit", choices=FITS, default="crop", help="how to make pictures square")
    add("--trim", action="store_true", help="first cut off uniform borders: mats, black bars")
    add("--max-aspect", type=at_least(1, kind=float), default=4.0, help="largest ratio of longer to shorter side")
    add("--enlarge", action="store_true", help="enlarge pictures smaller than the largest size, do not refuse them")
    rare = "rarer labels join their family or become unlabelled (default: 1 in 100 of the pictures, from 2 to 50)"
    add("--min-count", type=at_least(1), help=rare)
    add("--fine-styles", action="store_true", help="keep fine styles instead of merging them into families")
    add("--taxonomy-only", action="store_true", help="drop labels that the taxonomy does not know")
    add("--keep-duplicates", action="store_true", help="keep all near-duplicates, in the same split, not one of each")
    add("--taxonomy", type=Path, default=DEFAULT_TAXONOMY, help="YAML file of genres, styles and their aliases")
    add("--count", type=at_least(1), default=3000, help="procedural: number of paintings")
    add("--seed", type=at_least(0), default=0, help="procedural: seed of the first painting")
    add("--downloads", type=Path, default=Path("downloads"), help="wikiart.org: folder for downloaded files")
    add("--per-genre", type=at_least(1), default=500, help="wikiart.org: most paintings to take of each genre")
    add("--pause", type=at_least(0, 3600, float), default=1.0, help="wikiart.org: seconds between requests")
    add("--workers", type=at_least(1), default=available_cores(), help="number of decoding processes")
    cluster = "Dask cluster whose workers decode, as tcp://HOST:8786 (default: processes of this machine)"
    add("--scheduler", metavar="ADDRESS", help=cluster)
    size = "most gigabytes of one file of pictures (default: one file for each size)"
    add("--part-size", type=at_least(1, kind=float), metavar="GB", help=size)
    add("--overwrite", action="store_true", help="replace an existing dataset")
    given = vars(parser.parse_args(_with_levels(sys.argv[1:])))
    for source, options in OPTIONS_OF.items():
        if idle := [name for name in options if given["place"] != source and given[name] != parser.get_default(name)]:
            parser.error(f"--{idle[0].replace('_', '-')} is for {source} alone; leave it out")
    in_table = [name for name in ("label", "class_names") if given[name] != parser.get_default(name)]
    if in_table and (given["folders"] or given["wikiart_lists"] or given["place"] in OPTIONS_OF):
        parser.error(f"--{in_table[0].replace('_', '-')} is for tables of labels alone; leave it out")
    if given["follow_links"] and (given["hugging_face"] or not os.path.isdir(given["place"])):
        parser.error("--follow-links is for folders alone; leave it out")
    if given["scheduler"] and given["workers"] != parser.get_default("workers"):
        parser.error("--workers is for this machine alone; leave it out")
    if given["scheduler"] and os.path.exists(given["place"]):
        # Workers have other working folders.
        given["place"] = os.path.abspath(given["place"])
    out, overwrite = given.pop("out"), given.pop("overwrite")
    given["sizes"] = tuple(sorted(set(given["sizes"])))
    settings = PreparationSettings(**{field.name: given.pop(field.name) for field in fields(PreparationSettings)})
    # Exit as after Ctrl-C: stop the decoding processes and remove the unfinished dataset.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    require_apart(given["place"], out, given["downloads"])
    report = prepare(open_source(**given), out, settings, overwrite=overwrite)
    print(*report.lines, sep="\n")
    folder, seconds = writable(str(out)), time.monotonic() - started
    print(f"{folder}: made in {seconds:.0f} s; which pictures were refused, and why: {folder}/rejected.csv")


def _with_levels(arguments: list[str]) -> list[str]:
    """Join `--folders` with its value: one that begins with `-` would be taken for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--folders" and not argument.startswith("--"):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


if __name__ == "__main__":
    run_command(main)
