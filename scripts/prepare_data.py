"""Make a dataset folder: `python scripts/prepare_data.py SOURCE --out data --sizes 64 128`."""

from __future__ import annotations

import dataclasses
import signal
import sys
import time
from pathlib import Path

from command_line import Parser
from common.data.dataset import SIZES
from common.errors import run_command
from common.machine import available_cores
from common.preparing.labelling import DEFAULT_TAXONOMY
from common.preparing.pictures import FITS
from common.preparing.preparation import prepare
from common.preparing.reading import PreparationSettings
from common.preparing.sources.listing import writable
from common.preparing.sources.opening import OWN_OPTIONS, PROCEDURAL, WIKIART, open_source, require_apart


def main() -> None:
    parser = Parser(description="Make a dataset folder from labelled pictures.")
    add = parser.add_argument
    add("source", help="folder or zip of pictures, `procedural`, `wikiart.org`, or a Hugging Face dataset")
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument(
        "--folders", choices=("genre", "style"), help="take each folder's name as the genre (or style) of its pictures"
    )
    labels.add_argument("--wikiart-lists", type=Path, help="folder with the label lists of the public WikiArt download")
    labels.add_argument(
        "--hugging-face", action="store_true", help="SOURCE is a Hugging Face dataset: its name on the hub or its path"
    )
    add("--out", type=Path, default=Path("data"), help="dataset folder")
    add("--sizes", type=int, nargs="+", choices=SIZES, default=[64, 128], help="sizes to store, sides in pixels")
    add("--fit", choices=FITS, default="crop", help="how to make pictures square")
    add("--trim", action="store_true", help="first cut off uniform borders: mats, black bars")
    add("--max-aspect", type=float, default=4.0, help="largest allowed ratio of the longer to the shorter side")
    add("--enlarge", action="store_true", help="enlarge pictures smaller than the largest size, do not refuse them")
    add("--min-count", type=int, default=50, help="labels of fewer pictures join their family or become unlabelled")
    add("--fine-styles", action="store_true", help="keep fine styles instead of merging them into families")
    add("--keep-unknown", action="store_true", help="keep labels that the taxonomy does not know; do not drop them")
    add("--keep-duplicates", action="store_true", help="keep all near-duplicates, in the same split, not one of each")
    taxonomy = "YAML file of genres, styles and their aliases (default: the project's)"
    add("--taxonomy", type=Path, default=DEFAULT_TAXONOMY, help=taxonomy)
    painted, site = OWN_OPTIONS[PROCEDURAL], OWN_OPTIONS[WIKIART]
    add("--count", type=int, help=f"procedural: number of paintings (default: {painted['count']})")
    add("--seed", type=int, help=f"procedural: seed of the first painting (default: {painted['seed']})")
    add("--downloads", type=Path, help=f"wikiart.org: folder for downloaded files (default: {site['downloads']})")
    add(
        "--per-genre",
        type=int,
        help=f"wikiart.org: most paintings to take of each genre (default: {site['per_genre']})",
    )
    add("--pause", type=float, help=f"wikiart.org: seconds between requests (default: {site['pause']:g})")
    add("--workers", type=int, default=available_cores(), help="number of decoding processes")
    add("--overwrite", action="store_true", help="replace an existing dataset")
    arguments = parser.parse_args()
    # Exit as after Ctrl-C: stop the decoding processes and remove the unfinished dataset.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    chosen = vars(arguments) | {"sizes": tuple(sorted(set(arguments.sizes)))}
    settings = PreparationSettings(
        **{field.name: chosen[field.name] for field in dataclasses.fields(PreparationSettings)}
    )
    require_apart(arguments.source, arguments.out, arguments.downloads)
    source_options = ("folders", "wikiart_lists", "hugging_face", *painted, *site)
    source = open_source(arguments.source, **{option: chosen[option] for option in source_options})
    report = prepare(source, arguments.out, settings, overwrite=arguments.overwrite)
    print(*report.tables, *report.remarks, sep="\n")
    counts = ", ".join(f"{number} {split}" for split, number in report.description.paintings.items())
    copies = "kept in the same split" if settings.keep_duplicates else "left out"
    out = writable(str(arguments.out))
    print(f"{out}: {counts}; {len(report.rejected)} refused, {report.duplicates} near-duplicates {copies}")
    print(f"{time.monotonic() - started:.0f} s; pictures left out and the reasons: {out}/rejected.csv")


if __name__ == "__main__":
    run_command(main)
