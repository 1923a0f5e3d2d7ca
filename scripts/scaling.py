"""How training grows with processes, batches and collections; `benchmark.py scale` prints the table.

Every row is a real run of a few steps, launched as a user would, and read from its metrics.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.config import as_values
from common.data.arrays import file_name
from common.data.dataset import SPLITS, VERSION, DatasetDescription
from common.errors import UserError
from common.files import sha256
from common.vocabulary import Vocabulary

HELD_OUT_SHARE = 0.05
"""Of each of the held-out splits."""


@dataclass(frozen=True)
class Run:
    """One row of the table; the processes share the batch."""

    processes: int
    batch: int
    paintings: int


def runs(processes: Sequence[int], batches: Sequence[int], collections: Sequence[int]) -> list[Run]:
    """Vary one thing at a time: the others keep their first value."""
    first = processes[0], batches[0], collections[0]
    each = [Run(count, *first[1:]) for count in processes]
    each += [Run(first[0], batch, first[2]) for batch in batches]
    each += [Run(*first[:2], paintings) for paintings in collections]
    return list(dict.fromkeys(each))


def measure_scaling(
    planned: Iterable[Run], options: Sequence[str | Path], stage: int, sizes: Sequence[int], labels: Vocabulary,
    steps: int, folder: Path,
) -> None:  # fmt: skip
    """Print a row for each run, whose files go below `folder`. `options` are those of the training script.

    Raises UserError if a run fails, with its last line.
    """
    print("processes  batch  paintings  images/s  memory GB  start s", flush=True)
    for number, run in enumerate(planned):
        data, out = folder / f"data-{run.paintings}", folder / f"run-{number}"
        if not data.exists():
            write_collection(data, run.paintings, sizes, labels)
        script = Path(__file__).with_name(f"train_stage{stage}.py")
        launch = (sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(run.processes))
        command = (*launch, script, "--data", data, "--out", out, *options)
        settings = (f"training.batch_size={run.batch}", f"training.steps={steps}", f"logging.log_every={steps // 2}")
        started = time.perf_counter()
        ended = subprocess.run([*command, *settings], check=False, capture_output=True, text=True)
        seconds = time.perf_counter() - started
        if ended.returncode:
            raise UserError(f"{run}: {ended.stderr.strip().splitlines()[-1]}")
        figures = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
        speed = figures["images_per_second"]
        start = seconds - steps * figures["images"] / figures["step"] / speed
        row = (
            f"{run.processes:9} {run.batch:6} {run.paintings:10} {speed:9.1f} {figures['memory_gb']:10.2f} {start:8.1f}"
        )
        print(row, flush=True)


def write_collection(folder: Path, count: int, sizes: Sequence[int], labels: Vocabulary) -> None:
    """Write a dataset of black pictures with random labels. Its files are sparse: they take no room on disk."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    splits = np.array(SPLITS)[random.choice(3, size=count, p=[1 - 2 * HELD_OUT_SHARE, HELD_OUT_SHARE, HELD_OUT_SHARE])]
    genres, styles = (random.choice(list(names), size=count) for names in (labels.genres, labels.styles))
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("index", "split", "genre", "style"))
        rows.writerows(zip(range(count), splits, genres, styles, strict=True))
    names = [file_name(size) for size in sizes]
    for name, size in zip(names, sizes, strict=True):
        np.lib.format.open_memmap(folder / name, mode="w+", dtype=np.uint8, shape=(count, size, size, 3))
    description = DatasetDescription(
        version=VERSION,
        source="synthetic",
        fit="crop",
        resize_filter="lanczos",
        sizes=tuple(sizes),
        enlarged=False,
        paintings={name: int((splits == name).sum()) for name in SPLITS},
        vocabulary=labels,
        # Pictures that are mapped are not verified.
        checksums={"labels.csv": sha256(folder / "labels.csv"), **dict.fromkeys(names, "")},
    )
    (folder / "dataset.json").write_text(json.dumps(as_values(description)), encoding="utf-8")
