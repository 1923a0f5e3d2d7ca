"""A run's folder: settings, environment, metrics and samples. Checks what `--out` and `--resume` may do."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from common import config
from common.data.dataset import DatasetDescription, HeldOut, PaintingDataset
from common.errors import UserError
from common.files import write_atomically
from common.machine import trains_on_gpu
from common.runs.config import ComputePrecision
from common.runs.metrics import read_metrics

FREE_TO_CHANGE = ("training.steps", "training.pictures_in", "logging.")
"""Prefixes of the settings that may change when a run is resumed."""
TRAINED_ELSEWHERE = "trained on another dataset, whose training split may contain some of these held-out paintings"
STARTED_ELSEWHERE = "started from other weights, whose training may have seen some of these held-out paintings"
TRAINED_SOMEWHERE = "its training dataset is unknown"
CHOSEN_BY_THEM = "these weights were chosen by their FID on these paintings, so their figures are too good"
PACKAGES = ("torch", "accelerate", "torchmetrics", "numpy", "pillow")


class RunFolder:
    """The folder of one training run. Only the main process writes into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints, self.samples = path / "checkpoints", path / "samples"
        self.export = path / "export"
        """The export of the newest weights."""
        self.best = path / "best"
        """The export of the weights with the best FID on the validation split so far."""
        self.settings = path / "config.yaml"
        """The settings that the run was started or last resumed with."""
        self.metrics = path / "metrics.jsonl"
        self._environment, self._dataset = path / "environment.json", path / "dataset.json"

    def exists(self) -> bool:
        """Return True if the folder holds a run."""
        return self.settings.is_file()

    def check(self, settings: Any, dataset: PaintingDataset, *, resume: bool) -> None:
        """Raise UserError if training with these settings and this dataset must not write into the folder.

        A resumed run keeps its settings, except for those that may change, and its data.
        """
        if not self.exists():
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise UserError(f"{self.path} exists but holds no run; give another folder with --out")
            return
        if not resume:
            raise UserError(f"{self.path} already holds a run; add --resume, or give another folder with --out")
        changed = config.differences(config.load(type(settings), self.settings), settings)
        refused = [
            f"{key} ({old!r}, now {new!r})" for key, (old, new) in changed.items() if not key.startswith(FREE_TO_CHANGE)
        ]
        if refused:
            more = f" and {len(refused) - 3} more" if len(refused) > 3 else ""
            raise UserError(
                f"{self.path} was started with other settings: {', '.join(refused[:3])}{more}; leave out --preset and "
                "--set to resume with its own"
            )
        if self.started_on_other(dataset):
            raise UserError(
                f"{dataset.folder} is not the dataset that {self.path} was started on; give that one with --data, or "
                f"start a new run from its weights with --start-from {self.path} and another --out"
            )

    def started_on_other(self, dataset: PaintingDataset) -> bool | None:
        """Return True if the run was started on other data than this; None if it has no record of its data.

        Raises UserError if the record is damaged.
        """
        if not self._dataset.is_file():
            return None
        try:
            values = json.loads(self._dataset.read_text(encoding="utf-8"))
        except ValueError:
            raise UserError(
                f"{self._dataset} is damaged, so the run's dataset is unknown; if it was {dataset.folder}, delete this "
                "file and resume"
            ) from None
        stored = config.parse(DatasetDescription, values, place=str(self._dataset))
        # Each picture, its labels and split, and how it was made square. More sizes may have been prepared since.
        before, now = (
            (data.checksums.get("labels.csv"), data.fit, data.trimmed, data.resize_filter)
            for data in (stored, dataset.description)
        )
        return before != now

    def check_start(self, start_from: Path | None, started_from: str | None) -> None:
        """Raise UserError if a run without a checkpoint was started from other weights than now; write nothing.

        `started_from` is the hash of the weights at `start_from`.
        """
        known = self.environment
        if not known or any(self.checkpoints.glob("step-*")) or known.get("started_from") == started_from:
            return
        before = known.get("started_from_folder") or known.get("started_from") or "random weights"
        raise UserError(
            f"{self.path} has no checkpoint yet; it was started from {before}, and now from "
            f"{start_from or 'random weights'}; give the same --start-from, or another --out"
        )

    def check_eyes(self, eyes: str) -> None:
        """Raise UserError if the run's critic learnt from other frozen weights than `eyes`."""
        before = self.environment.get("eyes", eyes)
        if before != eyes:
            raise UserError(
                f"the critic of {self.path} learnt from {before}, but {eyes} is installed; install the version that "
                "has the former"
            )

    @property
    def environment(self) -> dict[str, Any]:
        """What `open` recorded; empty if there is no record yet, or if a power cut emptied the file.

        `started_from` is the hash of the generator that the run was started from, `stage1_trained_elsewhere` true if
        stage II was started on a stage I that was trained on another dataset.
        """
        try:
            values = json.loads(self._environment.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    @property
    def dataset_folder(self) -> Path | None:
        """The folder of the dataset that the run was started or last resumed with; None if it has no record of it."""
        folder = self.environment.get("dataset_folder")
        return Path(folder) if isinstance(folder, str) else None

    @property
    def precision(self) -> ComputePrecision | None:
        """The precision that the run has computed in so far. None for a new run, and on another kind of device."""
        known = self.environment
        return known.get("precision") if known.get("device") == _device() else None

    def open(
        self, settings: Any, precision: ComputePrecision, dataset: PaintingDataset, origin: Mapping[str, Any]
    ) -> None:
        """Create the folder and record settings, environment and data. Main process only.

        `precision` is the precision that `auto` stands for here. A resumed run keeps the `origin` and the description
        of the dataset that it recorded at its start.
        """
        for folder in (self.samples, self.checkpoints):
            folder.mkdir(parents=True, exist_ok=True)
        config.save(settings, self.settings)
        known, commit = self.environment, None
        git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
        environment = {
            "command": sys.argv,
            "commit": commit,
            "python": platform.python_version(),
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
            "device": _device(),
            "precision": precision,
            "dataset_folder": str(dataset.folder.resolve()),
            **{name: known.get(name, value) for name, value in origin.items()},
        }
        write_atomically(self._environment, json.dumps(environment, indent=2))
        if not self._dataset.exists():
            write_atomically(self._dataset, (dataset.folder / "dataset.json").read_bytes())

    def log(self, figures: Mapping[str, float]) -> None:
        """Append one line to metrics.jsonl."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")

    def forget_after(self, step: int) -> None:
        """Delete the metrics that a killed run logged after the checkpoint that it resumes from."""
        if self.metrics.is_file():
            kept = [line for line in read_metrics(self.metrics) if line["step"] <= step]
            write_atomically(self.metrics, "".join(json.dumps(line) + "\n" for line in kept))


def runs_of(place: Path) -> list[RunFolder]:
    """Return the runs that may have records of the weights at `place`: a run, or an export with its run around it."""
    place = place.resolve()
    above = RunFolder(place.parent)
    return [RunFolder(place), *([above] if place in (above.export, above.best) else [])]


def caution_about(place: Path, dataset: PaintingDataset, split: HeldOut) -> str:
    """Return why figures of the weights at `place` may be too good; an empty text if nothing hints at it."""
    folders = runs_of(place)
    answers = [folder.started_on_other(dataset) for folder in folders]
    if any(answers) or any(folder.environment.get("stage1_trained_elsewhere") for folder in folders):
        return TRAINED_ELSEWHERE
    if all(answer is None for answer in answers):
        return TRAINED_SOMEWHERE
    if any(folder.environment.get("started_from") for folder in folders):
        return STARTED_ELSEWHERE
    chosen = any(place.resolve() == folder.best for folder in folders)
    return CHOSEN_BY_THEM if chosen and split == "validation" else ""


def _device() -> str:
    return torch.cuda.get_device_name() if trains_on_gpu() else platform.processor() or "cpu"
