"""Measure a run on held-out paintings: `python scripts/evaluate.py runs/stage1 --data data --samples 5000`.

`--compare RUN_A RUN_B …` compares runs, `--images FOLDER` measures pictures from anywhere, and `--sanity` checks the
measures on real paintings. Several processes of `accelerate launch` or torchrun share the pictures.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from command_line import Parser
from common.data.dataset import HELD_OUT, SIZES, HeldOut, PaintingDataset
from common.errors import UserError, run_command
from common.evaluation.features import default_feature_network, load_feature_network
from common.evaluation.measurements import Measurements
from common.evaluation.measures import measure
from common.evaluation.report import (
    require_report_packages,
    require_writable,
    summary,
    write_comparison,
    write_report,
)
from common.evaluation.sanity import LEAST, check_measures
from common.evaluation.shares import join_launched_processes
from common.evaluation.subjects import (
    CHOSEN_BY_THEM,
    SMALL,
    STARTED_ELSEWHERE,
    TRAINED_ELSEWHERE,
    TRAINED_SOMEWHERE,
    EnlargedPainter,
    Subject,
    folder_subject,
    painted_subject,
)
from common.machine import launched_place, own_device, share_cores
from common.preparing.sources.collection import TABLE, labels_table, unlabelled
from common.preparing.sources.files import open_files
from common.runs.curves import curves_as_svg
from common.runs.folder import runs_of
from common.vocabulary import ANY, require_same
from stage2 import Painter

SAMPLES = 5000
QUICK_SAMPLES, QUICK_TRAINING_PAINTINGS = 1000, 4000


def main() -> None:
    parser = Parser(description="Measure a run, or any pictures, on held-out paintings and write a report.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("run", type=Path, nargs="?", help="run or export of either stage")
    what.add_argument("--compare", type=Path, nargs="+", metavar="RUN", help="compare several runs")
    what.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="measure a folder or zip of pictures, with or without a labels.csv",
    )
    what.add_argument("--sanity", action="store_true", help="check the measures on real paintings")
    parser.add_argument("--labels", type=Path, help="labels.csv for --images (default: the one in FOLDER, if any)")
    parser.add_argument("--data", type=Path, default=Path("data"), help="dataset folder to measure on (default: data)")
    parser.add_argument(
        "--split",
        choices=HELD_OUT,
        help="paintings to measure on: validation to choose settings, test for published figures (default: test)",
    )
    parser.add_argument(
        "--samples",
        type=int,
        help=f"pictures to measure; with --sanity, most paintings per set (default: {SAMPLES}; with --images, all)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"at most {QUICK_SAMPLES} pictures and {QUICK_TRAINING_PAINTINGS} training paintings (default: no limit)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the first picture and of random draws (default: 0)"
    )
    parser.add_argument(
        "--resolution",
        type=int,
        help="side of the pictures in pixels; 64 measures stage I alone (default: the largest of the run; with "
        "--images and --sanity, the smallest of the dataset)",
    )
    parser.add_argument(
        "--enlarged",
        action="store_true",
        help="compare a stage II run with its stage I pictures, enlarged by Lanczos (default: the run alone)",
    )
    parser.add_argument(
        "--truncation",
        type=float,
        default=1.0,
        help="factor on the noise that a run paints from, above 0 and at most 1 (default: 1)",
    )
    parser.add_argument(
        "--features",
        default=default_feature_network(),
        help="feature network, inception or efficientnet-lite0 (default here: %(default)s)",
    )
    parser.add_argument("--features-weights", type=Path, help="weights file of the feature network (default: its own)")
    parser.add_argument("--out", type=Path, help="folder for the report; --sanity writes no report (default: report)")
    parser.add_argument(
        "--device",
        default="cuda" if torch.cuda.is_available() else "cpu",
        help="torch device: cpu, cuda, cuda:1 (default here: %(default)s)",
    )
    arguments = parser.parse_args()
    if arguments.labels is not None and arguments.images is None:
        raise UserError("--labels works only with --images; add --images FOLDER, or leave --labels out")
    if (arguments.truncation != 1 or arguments.enlarged) and not (arguments.run or arguments.compare):
        raise UserError(
            "--truncation and --enlarged work only with runs, not with --images or --sanity; leave them out"
        )
    if arguments.samples is not None and arguments.samples < 1:
        raise UserError(f"--samples {arguments.samples} measures nothing; give 1 or more")
    if arguments.seed < 0:
        raise UserError(f"--seed {arguments.seed} is negative; give 0 or more")
    if arguments.sanity and arguments.out is not None:
        raise UserError("--sanity prints its figures and writes no report; remove --out")
    if arguments.sanity and arguments.split is not None:
        raise UserError("--sanity compares training paintings only; remove --split")
    require_report_packages()
    if arguments.sanity:
        _check_measures(arguments)
        return
    arguments.out, arguments.split = arguments.out or Path("report"), arguments.split or "test"
    require_writable(arguments.out)
    share_cores()
    device = own_device(arguments.device)
    dataset = PaintingDataset(arguments.data)
    runs = arguments.compare or ([arguments.run] if arguments.run else [])
    subjects = [_painted(run, dataset, device, arguments) for run in runs] or [_images(dataset, arguments)]
    if arguments.enlarged:
        subjects.append(_enlarged(subjects[0], runs[0], dataset, arguments.truncation))
    sides = {subject.resolution: subject.name for subject in subjects}
    if len(sides) > 1:
        shown = " and ".join(f"{name} {side}" for side, name in sides.items())
        raise UserError(f"figures of different resolutions do not compare: {shown} pixels; give one with --resolution")
    network = load_feature_network(arguments.features, arguments.features_weights, device)
    share = join_launched_processes(device)
    limit = QUICK_TRAINING_PAINTINGS if arguments.quick else None
    measured: list[Measurements] = []
    compared = bool(arguments.compare or arguments.enlarged)
    for place, subject in enumerate(subjects):
        found = measure(subject, dataset, network, share, training_limit=limit)
        if found is None:
            continue
        out = arguments.out / f"run-{place + 1}" if compared else arguments.out
        curves = curves_as_svg(runs[place] / "metrics.jsonl") if place < len(runs) else {}
        write_report(found, subject, dataset, out, curves)
        print("\n".join(summary(found)))
        print(f"report: {out / 'index.html'}\n")
        measured.append(found)
    if compared and measured:
        print("\n".join(write_comparison(measured, arguments.out)))
        print(f"comparison: {arguments.out / 'comparison.html'}")
    share.leave()


def _check_measures(arguments: argparse.Namespace) -> None:
    """Check the measures and print the figures. Only the first process works: one is enough."""
    if launched_place()[0] > 0:
        return
    share_cores()
    dataset = PaintingDataset(arguments.data)
    network = load_feature_network(arguments.features, arguments.features_weights, own_device(arguments.device))
    resolution = _resolution(dataset, arguments)
    with tqdm(unit="picture", dynamic_ncols=True, mininterval=1.0, delay=1.0) as progress:
        found = check_measures(
            dataset, resolution, network, progress.update, most=_samples(arguments), seed=arguments.seed
        )
    for kind, comparisons in found.items():
        print(kind if comparisons else f"{kind}: fewer than two have {LEAST} training paintings")
        for one in comparisons:
            print(f"  {one.name:40} FID {one.fid:7.1f}   KID x 1000 {1000 * one.kid:7.2f}   {one.samples} of each")


def _painted(run: Path, dataset: PaintingDataset, device: torch.device, arguments: argparse.Namespace) -> Subject:
    painter = Painter.load(run, device)
    require_same(painter.vocabulary, dataset.vocabulary, str(run), str(dataset.folder))
    samples = _samples(arguments)
    resolution = painter.check(ANY, ANY, samples, arguments.seed, arguments.resolution, arguments.truncation)
    caution = _caution(run, dataset, arguments.split)
    if caution == TRAINED_ELSEWHERE and launched_place()[0] == 0:
        print(f"warning: {run} was {TRAINED_ELSEWHERE}; give its own with --data", file=sys.stderr)
    return painted_subject(
        painter,
        str(run),
        dataset,
        resolution,
        samples=samples,
        seed=arguments.seed,
        split=arguments.split,
        truncation=arguments.truncation,
        caution=caution,
    )


def _caution(run: Path, dataset: PaintingDataset, split: HeldOut) -> str:
    """Return why figures of a run, or of an export in one, may be too good; an empty text if nothing hints at it."""
    folders = runs_of(run)
    answers = [folder.started_on_other(dataset) for folder in folders]
    if any(answers) or any(folder.stage1_trained_elsewhere for folder in folders):
        return TRAINED_ELSEWHERE
    if all(answer is None for answer in answers):
        return TRAINED_SOMEWHERE
    if any(folder.started_from for folder in folders):
        return STARTED_ELSEWHERE
    chosen = any(run.resolve() == folder.best for folder in folders)
    return CHOSEN_BY_THEM if chosen and split == "validation" else ""


def _samples(arguments: argparse.Namespace) -> int:
    samples: int = SAMPLES if arguments.samples is None else arguments.samples
    return min(samples, QUICK_SAMPLES) if arguments.quick else samples


def _resolution(dataset: PaintingDataset, arguments: argparse.Namespace) -> int:
    """Return the resolution for pictures that no run paints: --resolution, or the smallest of the dataset."""
    resolution: int = min(dataset.description.sizes) if arguments.resolution is None else arguments.resolution
    if resolution not in SIZES:
        held, known = (", ".join(map(str, sides)) for sides in (dataset.description.sizes, SIZES))
        raise UserError(
            f"no dataset can have pictures of --resolution {resolution}: {dataset.folder} has {held}, and {known} can "
            "be prepared; give one of these"
        )
    return resolution


def _enlarged(subject: Subject, run: Path, dataset: PaintingDataset, truncation: float) -> Subject:
    if subject.painter is None or subject.resolution == SMALL:
        raise UserError(
            f"--enlarged is a baseline for stage II, but {subject.name} is measured at {SMALL} pixels; leave it out"
        )
    return painted_subject(
        EnlargedPainter(subject.painter),
        f"{subject.name}, stage I enlarged",
        dataset,
        subject.resolution,
        samples=len(subject),
        seed=subject.seed,
        split=subject.split,
        truncation=truncation,
        caution=_caution(run, dataset, subject.split),
    )


def _images(dataset: PaintingDataset, arguments: argparse.Namespace) -> Subject:
    resolution = _resolution(dataset, arguments)
    files = open_files(arguments.images)
    labelled = arguments.labels is not None or files.has(TABLE)
    listing = labels_table(files, arguments.labels) if labelled else unlabelled(files)
    limit = _samples(arguments) if arguments.quick or arguments.samples is not None else None
    return folder_subject(listing, dataset, resolution, seed=arguments.seed, split=arguments.split, limit=limit)


if __name__ == "__main__":
    run_command(main)
