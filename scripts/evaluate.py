"""Measure pictures on held-out paintings and write a report: `python scripts/evaluate.py run runs/stage2 --quick`.

`compare RUN_A RUN_B …` measures several runs alike, and `images FOLDER` pictures from anywhere. Several processes of
`accelerate launch` or torchrun share the pictures.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from command_line import Parser, at_least
from common.data.dataset import HELD_OUT, SIZES, PaintingDataset
from common.errors import UserError, run_command
from common.evaluation.features import default_feature_network, load_feature_network
from common.evaluation.measures import measure
from common.evaluation.report import PAGE, require_report, summary, write_comparison, write_report
from common.evaluation.subjects import SMALL, EnlargedPainter, Subject, folder_subject, painted_subject
from common.machine import launched_place, own_device, share_cores
from common.preparing.sources.collection import pictures_of
from common.preparing.sources.files import open_files
from common.runs.folder import TRAINED_ELSEWHERE, caution_about
from common.shares import join_launched_processes
from common.vocabulary import require_same
from stage2 import Painter, Request
from stage2.painter.requests import Series

MOST = 1_000_000
"""Pictures whose features fit into memory."""
QUICK_SAMPLES, QUICK_TRAINING_PAINTINGS = 1000, 4000


def main() -> None:
    arguments = _parser().parse_args()
    require_report(arguments.out)
    share_cores()
    device = own_device(arguments.device)
    dataset, split = PaintingDataset(arguments.data), arguments.split
    if arguments.quick:
        arguments.samples = min(arguments.samples or QUICK_SAMPLES, QUICK_SAMPLES)
    if arguments.command == "images":
        listing = pictures_of(open_files(arguments.folder), arguments.labels)
        side = arguments.resolution or min(dataset.description.sizes)
        subjects = [folder_subject(listing, dataset, side, seed=arguments.seed, split=split, limit=arguments.samples)]
    else:
        subjects = [_painted(run, dataset, device, arguments) for run in arguments.runs]
        if arguments.enlarged:
            subjects.append(_painted(arguments.runs[0], dataset, device, arguments, enlarged=True))
    if len({subject.resolution for subject in subjects}) > 1:
        sides = " and ".join(f"{subject.name} {subject.resolution}" for subject in subjects)
        raise UserError(f"figures of different resolutions do not compare: {sides} pixels; give one with --resolution")
    network = load_feature_network(arguments.features, arguments.features_weights, device)
    share = join_launched_processes(device)
    all_measured = []
    for place, subject in enumerate(subjects):
        limit = QUICK_TRAINING_PAINTINGS if arguments.quick else None
        measured = measure(subject, dataset, network, share, training_limit=limit)
        if measured is None:  # Only the first process gets the figures.
            continue
        out = arguments.out / f"run-{place + 1}" if len(subjects) > 1 else arguments.out
        write_report(measured, subject, dataset, out, curves=Path(subject.name, "curves.png"))
        print(*summary(measured), f"report: {out / PAGE}\n", sep="\n")
        all_measured.append(measured)
    if len(all_measured) > 1:
        print(*write_comparison(all_measured, arguments.out), sep="\n")
        print(f"comparison: {arguments.out / 'comparison.html'}")
    share.leave()


def _painted(
    run: Path, dataset: PaintingDataset, device: torch.device, arguments: argparse.Namespace, enlarged: bool = False
) -> Subject:
    painter = Painter.load(run, device)
    require_same(painter.vocabulary, dataset.vocabulary, str(run), str(dataset.folder))
    asked = Request(seed=arguments.seed, resolution=arguments.resolution, truncation=arguments.truncation)
    resolution = painter.resolve_series(Series.of(asked, arguments.samples)).resolution
    if enlarged and resolution == SMALL:
        raise UserError(f"--enlarged is a baseline for stage II, but {run} is measured at {SMALL} pixels; leave it out")
    caution = caution_about(run, dataset, arguments.split)
    if caution == TRAINED_ELSEWHERE and launched_place()[0] == 0 and not enlarged:
        print(f"warning: {run} was {TRAINED_ELSEWHERE}; give its own with --data", file=sys.stderr)
    who, name = (EnlargedPainter(painter), f"{run}, stage I enlarged") if enlarged else (painter, str(run))
    draws = {option: getattr(arguments, option) for option in ("samples", "seed", "split", "truncation")}
    return painted_subject(who, name, dataset, resolution, caution=caution, **draws)


def _parser() -> Parser:
    shared, painted = Parser(add_help=False), Parser(add_help=False)
    shared.add_argument("--data", type=Path, default=Path("data"), help="dataset folder to measure on")
    shared.add_argument(
        "--split", choices=HELD_OUT, default="test", help="validation to choose settings, test to publish"
    )
    shared.add_argument("--seed", type=at_least(0), default=0, help="seed of the first picture and of random draws")
    quick = f"at most {QUICK_SAMPLES} pictures and {QUICK_TRAINING_PAINTINGS} training paintings"
    shared.add_argument("--quick", action="store_true", help=quick)
    shared.add_argument("--features", default=default_feature_network(), help="inception or efficientnet-lite0")
    shared.add_argument("--features-weights", type=Path, help="its weights file (default: its own)")
    shared.add_argument("--out", type=Path, default=Path("report"), help="folder for the report")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shared.add_argument("--device", default=device, help="torch device: cpu, cuda, cuda:1")
    painted.add_argument("--samples", type=at_least(1, MOST), default=5000, help="pictures to paint")
    side = "side of the pictures in pixels; 64 measures stage I alone (default: the largest of the run)"
    painted.add_argument("--resolution", type=int, choices=SIZES, help=side)
    painted.add_argument("--truncation", type=float, default=1.0, help="factor on the noise, above 0 and at most 1")

    parser = Parser(description="Measure pictures on held-out paintings and write a report.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", parents=[painted, shared], help="measure a run")
    run.add_argument("runs", type=Path, nargs=1, metavar="RUN", help="run or export of either stage")
    run.add_argument("--enlarged", action="store_true", help="compare with stage I's own pictures, enlarged by Lanczos")
    compare = commands.add_parser("compare", parents=[painted, shared], help="measure several runs alike")
    compare.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run or export of either stage")
    compare.set_defaults(enlarged=False)
    images = commands.add_parser("images", parents=[shared], help="measure pictures from anywhere")
    images.add_argument("folder", type=Path, metavar="FOLDER", help="folder or zip, with or without a labels.csv")
    images.add_argument("--labels", type=Path, help="their labels.csv (default: the one in FOLDER, if any)")
    images.add_argument("--samples", type=at_least(1, MOST), help="pictures to draw from them (default: all)")
    side = "side in pixels (default: the smallest of the dataset)"
    images.add_argument("--resolution", type=int, choices=SIZES, help=side)
    return parser


if __name__ == "__main__":
    run_command(main)
