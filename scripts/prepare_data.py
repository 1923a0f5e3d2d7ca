"""Make a dataset folder: `python scripts/prepare_data.py SOURCE --out data --sizes 64 128`."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from command_line import Parser
from common.data.dataset import SIZES
from common.errors import run_command
from common.machine import available_cores
from common.preparing.pictures import FITS, MAX_ASPECT
from common.preparing.preparation import PreparationSettings, prepare
from common.preparing.sources.listing import writable
from common.preparing.sources.opening import COUNT, DOWNLOADS, PAUSE, PER_GENRE, open_source, require_apart
from common.preparing.taxonomy import DEFAULT_TAXONOMY, Taxonomy


def main() -> None:
    parser = Parser(description="Make a dataset folder from labelled pictures.")
    parser.add_argument(
        "source", help="folder or zip of pictures, `procedural`, `wikiart.org`, or a Hugging Face dataset"
    )
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument(
        "--folders", choices=("genre", "style"), help="take each folder's name as the genre (or style) of its pictures"
    )
    labels.add_argument("--wikiart-lists", type=Path, help="folder with the label lists of the public WikiArt download")
    labels.add_argument(
        "--hugging-face", action="store_true", help="SOURCE is a Hugging Face dataset: its name on the hub or its path"
    )
    parser.add_argument("--out", type=Path, default=Path("data"), help="dataset folder")
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        choices=SIZES,
        default=[64, 128],
        help="picture sizes to store, sides in pixels",
    )
    parser.add_argument("--fit", choices=FITS, default="crop", help="how to make pictures square")
    parser.add_argument("--trim", action="store_true", help="first cut off uniform borders: mats, black bars")
    parser.add_argument(
        "--max-aspect",
        type=float,
        default=MAX_ASPECT,
        help="largest allowed ratio of the longer to the shorter side",
    )
    parser.add_argument(
        "--enlarge", action="store_true", help="enlarge pictures smaller than the largest size instead of refusing them"
    )
    parser.add_argument(
        "--min-count",
        type=int,
        default=50,
        help="labels with fewer pictures join their family or become unlabelled",
    )
    parser.add_argument(
        "--fine-styles", action="store_true", help="keep fine styles instead of merging them into families"
    )
    parser.add_argument(
        "--keep-unknown",
        action="store_true",
        help="keep labels that the taxonomy does not know instead of dropping them",
    )
    parser.add_argument(
        "--keep-duplicates",
        action="store_true",
        help="keep all near-duplicates, in the same split, instead of one of each group",
    )
    parser.add_argument(
        "--taxonomy",
        type=Path,
        default=DEFAULT_TAXONOMY,
        help="YAML file of genres, styles and their aliases (default: the project's)",
    )
    parser.add_argument("--count", type=int, help=f"procedural: number of paintings (default: {COUNT})")
    parser.add_argument("--seed", type=int, help="procedural: seed of the first painting (default: 0)")
    parser.add_argument(
        "--downloads", type=Path, help=f"wikiart.org: folder for downloaded files (default: {DOWNLOADS})"
    )
    parser.add_argument(
        "--per-genre", type=int, help=f"wikiart.org: maximum number of paintings for each genre (default: {PER_GENRE})"
    )
    parser.add_argument("--pause", type=float, help=f"wikiart.org: seconds between requests (default: {PAUSE:g})")
    parser.add_argument(
        "--workers",
        type=int,
        default=available_cores(),
        help="number of decoding processes (default: one for each core)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing dataset")
    arguments = parser.parse_args()
    # Exit as after Ctrl-C: stop the decoding processes and remove the unfinished dataset.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    require_apart(arguments.source, arguments.out, arguments.downloads)
    started = time.monotonic()
    settings = PreparationSettings(
        sizes=tuple(sorted(set(arguments.sizes))),
        fit=arguments.fit,
        trim=arguments.trim,
        max_aspect=arguments.max_aspect,
        enlarge=arguments.enlarge,
        min_count=arguments.min_count,
        merge_families=not arguments.fine_styles,
        keep_unknown=arguments.keep_unknown,
        keep_duplicates=arguments.keep_duplicates,
        workers=arguments.workers,
    )
    source = open_source(
        arguments.source,
        folders=arguments.folders,
        wikiart_lists=arguments.wikiart_lists,
        hugging_face=arguments.hugging_face,
        count=arguments.count,
        seed=arguments.seed,
        downloads=arguments.downloads,
        per_genre=arguments.per_genre,
        pause=arguments.pause,
    )
    taxonomy = Taxonomy.load(arguments.taxonomy)
    report = prepare(source, arguments.out, settings, taxonomy, overwrite=arguments.overwrite)
    for line in (*report.genres.table(), "", *report.styles.table(), "", *report.remarks, *report.common_reasons()):
        print(line)
    counts = ", ".join(f"{number} {split}" for split, number in report.description.paintings.items())
    copies = "kept in the same split" if arguments.keep_duplicates else "left out"
    out = writable(str(arguments.out))
    print(f"{out}: {counts}; {len(report.rejected)} refused, {report.duplicates} near-duplicates {copies}")
    print(f"{time.monotonic() - started:.0f} s; pictures left out and the reasons: {out}/rejected.csv")


if __name__ == "__main__":
    run_command(main)
