"""What evaluation reads of a painter: the pictures to measure, and the training paintings nearest to some."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import torch

from common.data.dataset import HeldOut, PaintingDataset
from common.errors import UserError
from common.evaluation.features import default_feature_network, load_feature_network
from common.evaluation.report import nearest_sheet
from common.evaluation.subjects import SMALL, EnlargedPainter, Subject, TrainedPainter, painted_subject
from common.machine import launched_place
from common.runs.folder import TRAINED_ELSEWHERE, caution_about
from stage2.painter.commands import Output, paint
from stage2.painter.painter import Painter
from stage2.painter.requests import Request, Series


def subjects_of(
    run: Path,
    dataset: PaintingDataset,
    asked: Request,
    *,
    samples: int,
    split: HeldOut,
    features: str,
    enlarged: bool,
    device: torch.device | str,
) -> list[Subject]:
    """Return the pictures of a run or export to measure; with `enlarged`, also stage I's own, enlarged by Lanczos.

    Their origin says what may flatter them: paintings that were trained on or chosen by, and eyes of the critic, above
    all if they are the `features` that will measure. Of `asked` only seed, resolution, truncation and style strength
    matter. Raises UserError where `enlarged` has nothing to compare.
    """
    painter, caution = Painter.load(run, device), caution_about(run, dataset, split)
    if caution == TRAINED_ELSEWHERE and launched_place()[0] == 0:
        print(f"warning: {run} was {caution}; give its own with --data", file=sys.stderr)
    if eyes := painter.eyes:
        taught = f"its critic reads {' and '.join(eyes)}"
        taught += ", by which it is measured here" if features in eyes else ""
        caution = f"{caution}; {taught}" if caution else taught
    side = painter.resolve(asked).resolution
    painters: dict[str, TrainedPainter] = {str(run): painter}
    if enlarged:
        if side == SMALL:
            raise UserError(f"--enlarged is a baseline for stage II, but {run} is measured at 64 pixels; leave it out")
        painters[f"{run}, stage I enlarged"] = EnlargedPainter(painter)
    subject = partial(
        painted_subject,
        dataset=dataset,
        resolution=side,
        samples=samples,
        seed=asked.seed,
        split=split,
        truncation=asked.truncation,
        style_strength=asked.style_strength,
        caution=caution,
    )
    return [subject(one, name) for name, one in painters.items()]


def paint_beside_nearest(painter: Painter, series: Series, output: Output, data: Path) -> None:
    """Paint pictures on a sheet, each beside its nearest training paintings of the dataset folder `data`."""
    dataset, size = PaintingDataset(data), painter.resolve(series.request).resolution
    network = load_feature_network(default_feature_network(), None, painter.device)
    paint(painter, [series], output, "{}_nearest", partial(nearest_sheet, dataset, size, network))
