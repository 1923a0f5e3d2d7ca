"""Write the model card of an export: its training data, length of training, settings, figures and known faults.

The card is README.md with the hub's front matter, and samples.webp. Every figure comes from a file of the run or from a
report; the card names what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from common import config
from common.data.dataset import DatasetDescription
from common.errors import UserError
from common.evaluation.figures import specs
from common.evaluation.measures import VERSION, Measurements
from common.images import labelled_grid
from common.runs.metrics import FID_SAMPLES, VALIDATION_FID, read_metrics
from common.vocabulary import ANY
from stage2.painter.painter import Painter

CARD = "README.md"
SAMPLES = "samples.webp"
SAMPLES_PER_GENRE = 6
SPECS = specs("test")


def write_card(
    folder: Path,
    painter: Painter,
    run: Path,
    *,
    best: bool,
    half: bool,
    license: str | None,
    report: Measurements | None,
) -> None:
    """Write README.md, and samples.webp with seeds 0 to 5 of every genre.

    `run` is where the weights come from, `best` tells its best weights from its newest, `half` is their precision,
    `license` the hub's identifier of a licence. Raises UserError if a file of the run is not readable.
    """
    genres = list(painter.vocabulary.genres) or [ANY]
    rows = [[painting.image for painting in painter.paint(genre, count=SAMPLES_PER_GENRE)] for genre in genres]
    seeds = [f"seed {seed}" for seed in range(SAMPLES_PER_GENRE)]
    labelled_grid(rows, genres, seeds).save(folder / SAMPLES, quality=85)
    labels = {"genre": painter.vocabulary.genres, "style": painter.vocabulary.styles if painter.stage2 else {}}
    several = [kind for kind, names in labels.items() if len(names) > 1]
    log = read_metrics(run / "metrics.jsonl")

    def lines() -> Iterator[str]:
        yield from _head(painter, labels, several, half, license)
        yield from _training(run, log, best)
        yield from _figures(report)
        yield "## Known faults\n"
        wanted = [spec for spec in SPECS.values() if spec.kind is None or spec.kind in several]
        missing = [spec.title for spec in wanted if report is None or spec.key not in report.figures]
        if missing:
            yield f"- Not measured: {'; '.join(missing)}."
        if sides := [str(side) for side in painter.resolutions if report is None or side != report.resolution]:
            yield f"- Not measured at {', '.join(sides)} pixels."
        if painter.stage2:
            yield "- Budget and settings are those of stage II. Stage I's are in the run that it came from."
        yield "- Whether the rights in the training pictures allow a use of the generated pictures is not stated here."

    (folder / CARD).write_text("\n".join(lines()) + "\n", encoding="utf-8")


def read_report(path: Path, painter: Painter) -> Measurements:
    """Read a report.json of `scripts/evaluate.py`. Raises UserError if it has other weights, or not the test split."""
    if not path.is_file():
        raise UserError(f"no report at {path}; measure with: python scripts/evaluate.py run … --split test")
    values = _read(path) or {}
    if values.get("version") != VERSION:
        raise UserError(f"{path} is no report of this version of the program; measure with scripts/evaluate.py")
    report = config.parse(Measurements, values, str(path))
    if report.split != "test" or report.weights != painter.weights:
        raise UserError(
            f"{path} measures {f'weights {report.weights}' if report.weights else 'a folder of pictures'} on the "
            f"{report.split} split; give a report of {painter.weights} on the test split (scripts/evaluate.py run)"
        )
    return report


def _head(
    painter: Painter, labels: Mapping[str, Mapping[str, int]], several: Sequence[str], half: bool, license: str | None
) -> Iterator[str]:
    front = {
        **({"license": license} if license else {}),
        "library_name": "atelier",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["art", "gan", "paintings"],
    }
    yield f"---\n{yaml.safe_dump(front, sort_keys=False).strip()}\n---\n"
    yield f"# Paintings of {', '.join(f'{side} × {side}' for side in painter.resolutions)} pixels\n"
    answers = f"You can choose the {' and '.join(several)}" if several else "It has no labels to choose from"
    yield (
        f"Weights of {'both stages' if painter.stage2 else 'stage I'} of Atelier, a generator of paintings, trained "
        f"from scratch. {answers}. Hash of the weights: `{painter.weights}`."
    )
    if half:
        yield "They are stored in half precision and compute in single precision."
    if license is None:
        yield "No licence has been stated."
    yield f"\n![{'One row per genre, one' if labels['genre'] else 'One'} column per seed]({SAMPLES})\n"
    shown = [text for kind, text in (("genre", "every genre"), ("style", "any style")) if labels[kind]]
    yield f"{', '.join([*shown, 'seeds']).capitalize()} 0 to {SAMPLES_PER_GENRE - 1}, not hand-picked.\n"
    genre = next(iter(labels["genre"]), ANY)
    yield (
        "## Paint\n\n```python\nfrom stage2 import Painter\n\n"
        'painter = Painter.load("FOLDER")  # the folder of these files\n'
        f'painter.paint(genre="{genre}", count=4, seed=7)[0].save("painting.png")\n```\n\n## Labels\n'
    )
    kinds = {"Genres": painter.vocabulary.genres, "Styles": painter.vocabulary.styles}
    for kind, counts in kinds.items():
        yield f"{kind}: {', '.join(f'{name} ({count})' for name, count in counts.items()) or 'none'}.\n"
    if any(kinds.values()):
        alone = " Stage I takes no style." if kinds["Styles"] else ""
        yield f"The number of training paintings is in brackets; one with several labels counts for each.{alone}\n"


def _training(run: Path, log: Sequence[Mapping[str, float]], best: bool) -> Iterator[str]:
    yield "## Training\n"
    if values := _read(run / "dataset.json"):
        data = config.parse(DatasetDescription, values, str(run / "dataset.json"))
        counts = ", ".join(f"{count} in the {split} split" for split, count in data.paintings.items())
        fit, resized = _in_one_line(data.fit), _in_one_line(data.resize_filter).capitalize()
        yield f"Pictures: `{_in_one_line(data.source)}`, {counts}, made square by `{fit}`, resized with {resized}.\n"
    else:
        yield "The training pictures are unknown: no dataset.json came with the weights.\n"
    if trained := _trained(run, log, best):
        budget = f"{trained['step']:,.0f} steps, in which the critic saw {trained['images']:,.0f} real paintings"
        if best:
            budget += f", the best of the run's {log[-1]['step']:,.0f} steps by FID on the validation split"
        if started_from := (_read(run / "environment.json") or {}).get("started_from"):
            budget += f". The run started from the weights `{started_from}`, whose training is not included"
        yield f"Budget: {budget}.\n"
    else:
        missing = "metrics.jsonl holds no FID" if log else "no metrics.jsonl came with the weights"
        yield f"The length of the training is unknown: {missing}.\n"
    if settings := _read(run / "config.yaml"):
        yield f"Settings:\n\n```yaml\n{yaml.safe_dump(settings, sort_keys=False).strip()}\n```\n"
    else:
        yield "The settings are unknown: no config.yaml came with the weights.\n"


def _figures(report: Measurements | None) -> Iterator[str]:
    yield "## Figures\n"
    if report is None:
        yield "None: this card was made without a report of `scripts/evaluate.py`.\n"
        return
    yield "| figure | value | 95 % interval | pictures | real paintings (number) |\n|---|---|---|---|---|"
    for key, spec in SPECS.items():
        if figure := report.figures.get(key):
            value, interval, mark = spec.number(figure.value), spec.interval(figure), spec.mark(figure)
            yield f"| {spec.title} | {value} | {interval} | {figure.samples} | {mark} |"
    name, dataset, origin, features = map(
        _in_one_line, (report.name, report.dataset, report.origin, report.features_description)
    )
    second = f" Second ruler: {_in_one_line(report.ruler_description)}." if report.ruler_description else ""
    yield (
        f"\nMeasured on {report.samples:,} pictures of `{name}` at {report.resolution} pixels "
        f"against {report.held_out:,} test and {report.train:,} training paintings of `{dataset}`, "
        f"resized with {_in_one_line(report.resize_filter).capitalize()}. {origin}. Features: {features}.{second}\n"
    )


def _trained(run: Path, log: Sequence[Mapping[str, float]], best: bool) -> Mapping[str, float] | None:
    """Return the step and the number of images of the exported weights; None if the log does not tell."""
    if best:
        scored = [line for line in log if VALIDATION_FID in line]
        # When logging.fid_samples changes, the run starts to look for the best anew.
        alike = takewhile(lambda line: line.get(FID_SAMPLES) == scored[-1].get(FID_SAMPLES), reversed(scored))
        return min(reversed(list(alike)), key=lambda line: line[VALIDATION_FID], default=None)
    # The newest weights are those of the newest checkpoint; the log may go further, or not as far.
    exported = max((int(path.name[5:]) for path in (run / "checkpoints").glob("step-*[0-9]")), default=None)
    last = next((line for line in reversed(log) if exported is None or line["step"] <= exported), None)
    if last is None:
        return None
    step = last["step"] if exported is None else exported
    # The number of images is proportional to the steps.
    return {"step": step, "images": last["images"] / last["step"] * step}


def _read(path: Path) -> dict[str, Any] | None:
    """Return the mapping in a YAML or JSON file; None if there is no such file."""
    if not path.is_file():
        return None
    kind, load = ("JSON", json.loads) if path.suffix == ".json" else ("YAML", yaml.safe_load)
    try:
        values = load(path.read_text(encoding="utf-8"))
    except (ValueError, yaml.YAMLError) as error:
        raise UserError(f"{path} is not readable {kind} ({_in_one_line(str(error))}); repair or remove it") from None
    return values if isinstance(values, dict) else None


def _in_one_line(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
