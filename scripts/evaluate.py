"""Measure pictures on held-out paintings and write a report: `python scripts/evaluate.py run runs/stage2 --quick`.

`compare RUN_A RUN_B …` measures several runs alike, and `images FOLDER` pictures from anywhere. Several processes of
`accelerate launch` or torchrun share the pictures.
"""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path

import torch

from command_line import Parser, at_least
from common.data.dataset import HELD_OUT, SIZES, PaintingDataset
from common.errors import run_command
from common.evaluation.features import default_feature_network, load_feature_network
from common.evaluation.report import report_on
from common.evaluation.subjects import folder_subject
from common.machine import own_device, share_cores
from common.shares import join_launched_processes
from stage2 import Request
from stage2.painter.measuring import subjects_of
from stage2.painter.requests import STYLE_STRENGTH

MOST = 1_000_000
"""Pictures whose features fit into memory."""


def main() -> None:
    given = _arguments()
    share_cores()
    device, dataset = own_device(given.device), PaintingDataset(given.data)
    if given.quick:
        given.samples = min(given.samples or 1000, 1000)
    if given.command == "images":
        wanted = {"labels": given.labels, "limit": given.samples, "seed": given.seed, "split": given.split}
        subjects = [folder_subject(given.folder, dataset, given.resolution, **wanted)]
    else:
        asked = Request(
            **{name: getattr(given, name) for name in ("seed", "resolution", "truncation", "style_strength")}
        )
        wanted = {name: getattr(given, name) for name in ("samples", "split", "features", "enlarged")}
        found = (subjects_of(run, dataset, asked, device=device, **wanted) for run in given.runs)
        subjects = list(chain.from_iterable(found))
    network = load_feature_network(given.features, given.features_weights, device)
    share = join_launched_processes(device)
    limit, ruler = (4000, False) if given.quick else (None, given.ruler)
    report_on(subjects, network, share, given.out, training_limit=limit, with_ruler=ruler, device=device)
    share.leave()


def _arguments() -> argparse.Namespace:
    parser = Parser(description="Measure pictures on held-out paintings and write a report.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure a run or an export of either stage")
    run.add_argument("runs", type=Path, nargs=1, metavar="RUN")
    run.add_argument("--enlarged", action="store_true", help="compare with stage I's own pictures, enlarged by Lanczos")
    compare = commands.add_parser("compare", help="measure several runs alike")
    compare.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    compare.set_defaults(enlarged=False)
    images = commands.add_parser("images", help="measure pictures from anywhere")
    images.add_argument("folder", type=Path, metavar="FOLDER", help="folder or zip, with or without a labels.csv")
    images.add_argument("--labels", type=Path, help="their labels.csv (default: the one in FOLDER, if any)")
    largest, smallest = "64 measures stage I (default: the run's largest)", "(default: the dataset's smallest)"
    for command, samples, side in ((run, 5000, largest), (compare, 5000, largest), (images, None, smallest)):
        add, count = command.add_argument, "number of pictures" if samples else "number of pictures (default: all)"
        add("--samples", type=at_least(1, MOST), default=samples, help=count)
        add("--resolution", type=int, choices=SIZES, help=f"side in pixels; {side}")
        if samples:
            add("--truncation", type=float, default=1.0, help="factor on the noise, above 0 and at most 1")
            strength = "factor on the style, 0 to 3; 1 as in training"
            add("--style-strength", type=float, default=STYLE_STRENGTH, help=f"{strength} (default: {STYLE_STRENGTH})")
        add("--data", type=Path, default=Path("data"), help="dataset folder to measure on")
        add("--split", choices=HELD_OUT, default="test", help="validation to choose settings, test to publish")
        add("--seed", type=at_least(0), default=0, help="seed of the first picture and of random draws")
        add("--quick", action="store_true", help="at most 1000 pictures and 4000 training paintings, one ruler")
        add("--features", default=default_feature_network(), help="inception, efficientnet-lite2 or efficientnet-lite0")
        add("--features-weights", type=Path, help="its weights file (default: its own)")
        second = "measure by the dataset's own classifier too; the first time on a dataset, this trains it"
        add("--ruler", action=argparse.BooleanOptionalAction, default=True, help=second)
        add("--out", type=Path, default=Path("report"), help="folder for the report")
        add("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="torch device: cpu, cuda, cuda:1")
    return parser.parse_args()


if __name__ == "__main__":
    run_command(main)
