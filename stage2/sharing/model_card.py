"""Write the model card of an export: its training data, length of training, settings, figures and known faults.

The card is README.md with the hub's front matter, and samples.webp. Every figure comes from a file of the run or from a
report; the card names what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from common import config
from common.data.dataset import DatasetDescription
from common.errors import UserError
from common.evaluation.figures import specs
from common.evaluation.measurements import VERSION, Figure, Measurements
from common.images import labelled_grid
from common.runs.metrics import FID_SAMPLES, VALIDATION_FID, read_metrics
from common.vocabulary import ANY
from stage2.painter.painter import Painter

CARD = "README.md"
SAMPLES = "samples.webp"
SAMPLES_PER_GENRE = 6
TEST_FID = "fid_test"
"""The figure that chose the best weights before datasets had a validation split."""
SPECS = specs("test")
_MADE_SQUARE = {"crop": "cropped to a square", "pad": "padded to a square", "squash": "squashed to a square"}


@dataclass(frozen=True, kw_only=True)
class History:
    """What is known about the training of the weights; None or empty if unknown."""

    best: bool
    """True for the weights with the best FID of the run, False for the newest."""
    half: bool
    """True if the weights are stored in half precision."""
    license: str | None
    """The hub's identifier of a licence, such as mit."""
    settings: Mapping[str, Any]
    """The run's config.yaml."""
    dataset: DatasetDescription | None
    log: tuple[Mapping[str, float], ...]
    """The run's metrics.jsonl."""
    exported_step: int | None
    """Step of the newest checkpoint, at which the newest weights were exported; the log may go further."""
    started_from: str | None
    """Hash of the generator that the run started from, if any."""
    report: Measurements | None


def read_history(
    run: Path, painter: Painter, report: Path | None, license: str | None, *, best: bool, half: bool
) -> History:
    """Read a run's folder and a report. Raise UserError if a file is not readable or belongs to other weights."""
    dataset = run / "dataset.json"
    return History(
        best=best,
        half=half,
        license=license,
        settings=_read_settings(run / "config.yaml"),
        dataset=config.parse(DatasetDescription, _read_json(dataset), str(dataset)) if dataset.is_file() else None,
        log=tuple(read_metrics(run / "metrics.jsonl")),
        exported_step=max((int(path.name[5:]) for path in (run / "checkpoints").glob("step-*[0-9]")), default=None),
        started_from=_started_from(run / "environment.json"),
        report=None if report is None else _read_report(report, painter),
    )


def write_card(folder: Path, painter: Painter, history: History) -> None:
    """Write README.md, and samples.webp with seeds 0 to 5 of every genre."""
    genres = list(painter.vocabulary.genres) or [ANY]
    rows = [[painting.image for painting in painter.paint(genre, count=SAMPLES_PER_GENRE)] for genre in genres]
    seeds = [f"seed {seed}" for seed in range(SAMPLES_PER_GENRE)]
    labelled_grid(rows, genres, seeds).save(folder / SAMPLES, quality=85)
    (folder / CARD).write_text("\n".join(_lines(painter, history)) + "\n", encoding="utf-8")


def _lines(painter: Painter, history: History) -> Iterator[str]:
    front = {
        **({"license": history.license} if history.license else {}),
        "library_name": "atelier",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["art", "gan", "paintings"],
    }
    sides = ", ".join(f"{side} × {side}" for side in painter.resolutions)
    stages = "both stages" if _paired(painter) else "stage I"
    labels = _labels(painter)
    yield f"---\n{yaml.safe_dump(front, sort_keys=False).strip()}\n---\n"
    yield f"# Paintings of {sides} pixels\n"
    answers = " and ".join(kind for kind, names in labels.items() if len(names) > 1)
    yield (
        f"Weights of {stages} of Atelier, a generator of paintings, trained from scratch. "
        f"{f'You can choose the {answers}' if answers else 'It has no labels to choose from'}. "
        f"Hash of the weights: `{painter.weights}`."
    )
    if history.half:
        yield "They are stored in half precision and compute in single precision."
    if history.license is None:
        yield "No licence has been stated."
    yield f"\n![{'One row per genre, one' if labels['genre'] else 'One'} column per seed]({SAMPLES})\n"
    shown = ["every genre"] * bool(labels["genre"]) + ["any style"] * bool(labels["style"])
    yield f"{', '.join([*shown, 'seeds']).capitalize()} 0 to {SAMPLES_PER_GENRE - 1}, not hand-picked.\n"
    yield "## Paint\n"
    yield '```python\nfrom stage2 import Painter\n\npainter = Painter.load("FOLDER")  # the folder of these files'
    genre = next(iter(painter.vocabulary.genres), "any")
    yield f'painter.paint(genre="{genre}", count=4, seed=7)[0].save("painting.png")\n```\n'
    yield "## Labels\n"
    kinds = {"Genres": painter.vocabulary.genres, "Styles": painter.vocabulary.styles}
    for kind, counts in kinds.items():
        yield f"{kind}: {', '.join(f'{name} ({count})' for name, count in counts.items()) or 'none'}.\n"
    if any(kinds.values()):
        alone = " Stage I takes no style." if kinds["Styles"] else ""
        yield f"The number of training paintings is in brackets.{alone}\n"
    yield from _training(history)
    yield from _figures(history.report)
    yield from _faults(painter, history)


def _training(history: History) -> Iterator[str]:
    yield "## Training\n"
    if history.dataset is None:
        yield "The training pictures are unknown: no dataset.json came with the weights.\n"
    else:
        data = history.dataset
        counts = ", ".join(f"{count} in the {split} split" for split, count in data.paintings.items())
        made_square = _MADE_SQUARE.get(data.fit, f"made square with `{_in_one_line(data.fit)}`")
        yield (
            f"Pictures: `{_in_one_line(data.source)}`, {counts}, {made_square}, "
            f"resized with {_in_one_line(data.resize_filter).capitalize()}.\n"
        )
    trained = _trained(history)
    if trained is None:
        missing = "metrics.jsonl holds no FID" if history.log else "no metrics.jsonl came with the weights"
        yield f"The length of the training is unknown: {missing}.\n"
    else:
        budget = f"{trained['step']:,.0f} steps, in which the critic saw {trained['images']:,.0f} real paintings"
        if history.best:
            chosen_on = "test" if _best_figure(history) == TEST_FID else "validation"
            budget += f", the best of the run's {history.log[-1]['step']:,.0f} steps by FID on the {chosen_on} split"
        if history.started_from is not None:
            budget += f". The run started from the weights `{history.started_from}`, whose training is not included"
        yield f"Budget: {budget}.\n"
    if not history.settings:
        yield "The settings are unknown: no config.yaml came with the weights.\n"
    else:
        yield f"Settings:\n\n```yaml\n{yaml.safe_dump(dict(history.settings), sort_keys=False).strip()}\n```\n"


def _figures(report: Measurements | None) -> Iterator[str]:
    yield "## Figures\n"
    if report is None:
        yield "None: this card was made without a report of `scripts/evaluate.py`.\n"
        return
    yield "| figure | value | 95 % interval | pictures | real paintings (number) |\n|---|---|---|---|---|"
    for key, figure in _known(report).items():
        spec = SPECS[key]
        value, interval, mark = spec.number(figure.value), spec.interval(figure), spec.mark(figure)
        yield f"| {spec.title} | {value} | {interval} | {figure.samples} | {mark} |"
    yield (
        f"\nMeasured on {report.samples:,} pictures of `{_in_one_line(report.name)}` at {report.resolution} pixels "
        f"against {report.held_out:,} test and {report.train:,} training paintings of "
        f"`{_in_one_line(report.dataset)}`, resized with {_in_one_line(report.resize_filter).capitalize()}. "
        f"{_in_one_line(report.origin)}. Features: "
        f"{_in_one_line(report.features_description)}.\n"
    )


def _faults(painter: Painter, history: History) -> Iterator[str]:
    yield "## Known faults\n"
    paired = _paired(painter)
    measured = _known(history.report) if history.report is not None else {}
    several = {kind for kind, names in _labels(painter).items() if len(names) > 1}
    missing = [
        spec.title for key, spec in SPECS.items() if key not in measured and (spec.kind is None or spec.kind in several)
    ]
    if missing:
        yield f"- Not measured: {'; '.join(missing)}."
    sides = [side for side in painter.resolutions if history.report is None or side != history.report.resolution]
    if sides:
        yield f"- Not measured at {', '.join(str(side) for side in sides)} pixels."
    if history.best and _best_figure(history) == TEST_FID:
        yield "- The weights were chosen by their FID on the test split, so figures on that split are too good."
    if paired:
        yield "- Budget and settings are those of stage II. Those of the stage I in these weights are in its own run."
    yield "- This card does not say whether the rights in the training pictures allow a use of the generated pictures."


def _labels(painter: Painter) -> dict[str, Mapping[str, int]]:
    """Return the labels that one can choose, by kind; stage I takes no style."""
    return {"genre": painter.vocabulary.genres, "style": painter.vocabulary.styles if _paired(painter) else {}}


def _paired(painter: Painter) -> bool:
    return len(painter.resolutions) > 1


def _trained(history: History) -> Mapping[str, float] | None:
    """Return the step and the number of images of the exported weights."""
    if history.best:
        figure = _best_figure(history)
        scored = [line for line in history.log if figure in line]
        # When logging.fid_samples changes, the run starts to look for the best anew.
        alike = takewhile(lambda line: line.get(FID_SAMPLES) == scored[-1].get(FID_SAMPLES), reversed(scored))
        return min(reversed(list(alike)), key=lambda line: line[figure], default=None)
    exported = [line for line in history.log if history.exported_step is None or line["step"] <= history.exported_step]
    if not exported:
        return None
    # The exported step may not have been logged. The number of images is proportional to the steps.
    last = exported[-1]
    step = last["step"] if history.exported_step is None else history.exported_step
    return {"step": step, "images": last["images"] / last["step"] * step}


def _best_figure(history: History) -> str:
    """Return the name of the logged figure that chose the best weights."""
    return VALIDATION_FID if any(VALIDATION_FID in line for line in history.log) else TEST_FID


def _known(report: Measurements) -> dict[str, Figure]:
    return {key: report.figures[key] for key in SPECS if key in report.figures}


def _read_settings(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{path} is not readable YAML ({_in_one_line(str(error))}); repair or remove it") from None
    return values if isinstance(values, dict) else {}


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is not readable JSON ({error}); give another file") from None


def _started_from(environment: Path) -> str | None:
    if not environment.is_file():
        return None
    values = _read_json(environment)
    found = values.get("started_from") if isinstance(values, dict) else None
    return found if isinstance(found, str) else None


def _read_report(path: Path, painter: Painter) -> Measurements:
    values = _read_json(path)
    if isinstance(values, dict) and values.get("version") != VERSION:
        raise UserError(f"{path} is from another version of this program; measure again with scripts/evaluate.py")
    report = config.parse(Measurements, values, str(path))
    if report.split != "test":
        raise UserError(
            f"{path} is from the {report.split} split, which is for choosing settings; give a report of the test split "
            "(scripts/evaluate.py run … --split test)"
        )
    if report.weights != painter.weights:
        raise UserError(
            f"{path} is from {f'the weights {report.weights}' if report.weights else 'unnamed weights'}, but these are "
            f"{painter.weights}; give a report of these weights"
        )
    if report.resolution not in painter.resolutions:
        sides = ", ".join(str(side) for side in painter.resolutions)
        raise UserError(
            f"{path} is from pictures of {report.resolution} pixels, but these weights paint {sides}; give a report of "
            "these weights"
        )
    for kind, names in (("genre", painter.vocabulary.genres), ("style", painter.vocabulary.styles)):
        if kind in report.confusions and set(report.confusions[kind].names) != set(names):
            raise UserError(f"{path} has other {kind}s than these weights; give a report of these weights")
    return report


def _in_one_line(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
