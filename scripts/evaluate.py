"""Measure a run on held-out paintings: `python scripts/evaluate.py runs/stage2 --data data --samples 5000`."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from common.data.dataset import PaintingDataset
from common.errors import run_command
from common.evaluation.features import load_feature_network
from common.evaluation.report import evaluate
from common.vocabulary import ANY, require_same
from stage2 import Painter


def main() -> None:
    parser = argparse.ArgumentParser(description="FID of a run's pictures against the test split.")
    parser.add_argument("run", type=Path, help="a run or an export, of either stage")
    parser.add_argument("--data", type=Path, default=Path("data"), help="dataset folder (default: data)")
    parser.add_argument("--samples", type=int, default=5000, help="pictures to paint")
    parser.add_argument("--seed", type=int, default=0, help="of the first picture")
    parser.add_argument("--resolution", type=int, help="64 measures stage I alone (default: the largest)")
    parser.add_argument("--features", default="efficientnet-lite0", help="efficientnet-lite0 or inception")
    parser.add_argument("--features-weights", type=Path, help="weights file of the feature network")
    parser.add_argument("--out", type=Path, default=Path("report"), help="folder for the report (default: report)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    painter = Painter.load(arguments.run, arguments.device)
    dataset = PaintingDataset(arguments.data)
    require_same(painter.vocabulary, dataset.vocabulary, str(arguments.run), str(arguments.data))
    resolution = painter.check(ANY, ANY, arguments.samples, arguments.seed, arguments.resolution)
    report = evaluate(
        lambda seeds, genres, styles: painter.images(seeds, genres, styles, resolution),
        painter.weights,
        dataset,
        resolution,
        load_feature_network(arguments.features, arguments.features_weights, arguments.device),
        arguments.out,
        samples=arguments.samples,
        seed=arguments.seed,
    )
    print("\n".join(report.lines()))
    print(f"report: {arguments.out / 'report.json'}; random samples: {arguments.out / 'samples.png'}")


if __name__ == "__main__":
    run_command(main)
