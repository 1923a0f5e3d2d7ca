"""Write a report: `report.json` for programs and `index.html`, a page without other files, for people."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common import config
from common.data.dataset import PaintingDataset
from common.errors import UserError, missing_package
from common.evaluation.exhibits import data_address, gather_exhibits
from common.evaluation.measurements import Figure, Measurements
from common.evaluation.plots import confusion_plot, distance_plot, spectrum_plot
from common.evaluation.subjects import Subject
from common.evaluation.wording import Wording, wordings
from common.files import write_atomically

REPORT = "report.json"
PAGE = "index.html"


def write_report(
    measured: Measurements, subject: Subject, dataset: PaintingDataset, out: Path, curves: Mapping[str, str]
) -> None:
    """Write both files and two sheets of pictures into `out`; `curves` are plots of its training, as SVG."""
    exhibits = gather_exhibits(subject, dataset, measured)
    known, split = wordings(measured.split), measured.split
    page = _environment().get_template("report.html.jinja").render(
        measured=measured,
        rows=[(known[key], measured.figures[key]) for key in known if key in measured.figures],
        exhibits=exhibits,
        distances=distance_plot(measured.novelty, split),
        confusions={kind: confusion_plot(kind, table, split) for kind, table in measured.confusions.items()},
        spectrum=spectrum_plot(measured.spectra, split),
        curves=curves,
        kid=known["kid"],
    )  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    exhibits.random.save(out / "samples.png")
    exhibits.real.save(out / "real.png")
    write_atomically(out / PAGE, page)
    write_atomically(out / REPORT, json.dumps(config.as_values(measured), indent=1, ensure_ascii=False))


def require_report_packages() -> None:
    """Raise UserError if a package for reports is not installed. Called before measuring."""
    for package, name in (("jinja2", "jinja2"), ("sklearn", "scikit-learn")):
        if importlib.util.find_spec(package) is None:
            raise missing_package("a report", name, extra="evaluation")


def require_writable(folder: Path) -> None:
    """Raise UserError if no report can be written there. Called before measuring; creates nothing."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise UserError(f"cannot write to {folder}: {place} is not a writable folder; give another folder with --out")


def write_comparison(all_measured: Sequence[Measurements], out: Path) -> list[str]:
    """Write `comparison.json` and `comparison.html`; return the table for a terminal.

    Raise UserError if the subjects were not measured with the same settings.
    """
    _require_alike(all_measured)
    rows = comparison_rows(all_measured)
    page = _environment().get_template("comparison.html.jinja").render(subjects=all_measured, rows=rows)
    out.mkdir(parents=True, exist_ok=True)
    values = {
        key: {
            measured.name: config.as_values(measured.figures[key])
            for measured in all_measured
            if key in measured.figures
        }
        for key in wordings(all_measured[0].split)
    }
    write_atomically(out / "comparison.json", json.dumps(values, indent=1, ensure_ascii=False))
    write_atomically(out / "comparison.html", page)
    width = max(len(wording.title) for wording, _ in rows)
    columns = [max(24, len(measured.name)) for measured in all_measured]
    lines = ["  ".join([" " * width, *(m.name.rjust(c) for m, c in zip(all_measured, columns, strict=True))])]
    for wording, cells in rows:
        texts = [_cell_text(wording, figure, best) for figure, best in cells]
        lines.append(
            "  ".join([wording.title.ljust(width), *(t.rjust(c) for t, c in zip(texts, columns, strict=True))])
        )
    return lines


def comparison_rows(all_measured: Sequence[Measurements]) -> list[tuple[Wording, list[tuple[Figure | None, bool]]]]:
    """Return, for each figure, every subject's value and whether it is better than all others with no overlap."""
    rows = []
    for key, wording in wordings(all_measured[0].split).items():
        figures = [measured.figures.get(key) for measured in all_measured]
        if any(figures):
            rows.append((wording, [(figure, _stands_out(wording, figure, figures)) for figure in figures]))
    return rows


def summary(measured: Measurements) -> list[str]:
    """Return the figures as lines for a terminal."""
    lines = [f"{measured.name}: {measured.samples} pictures of {measured.resolution} pixels; {measured.origin}"]
    for key, wording in wordings(measured.split).items():
        if key in measured.figures:
            figure = measured.figures[key]
            interval = f"({wording.number(figure.low)} to {wording.number(figure.high)})"
            real = f"{wording.mark(figure)}: {wording.real}" if figure.real is not None else ""
            value = f"{wording.number(figure.value):>9} ({figure.samples})"
            lines.append(f"{wording.title:42} {value:17} {interval:24} {real}".rstrip())
    lines.append(
        f"measured against {measured.held_out} {measured.split} and {measured.train} training paintings of "
        f"{measured.dataset}, resized with {measured.resize_filter.capitalize()}; features: "
        f"{measured.features_description}"
    )
    return lines


def _require_alike(all_measured: Sequence[Measurements]) -> None:
    first = all_measured[0]
    for other in all_measured[1:]:
        for what in ("split", "held_out", "train", "resolution", "samples", "seed", "features_description"):
            values = getattr(first, what), getattr(other, what)
            if values[0] != values[1]:
                raise UserError(
                    f"figures of {first.name} and {other.name} do not compare: {what.replace('_', ' ')} "
                    f"{values[0]} and {values[1]}; measure both with the same settings"
                )


def _stands_out(wording: Wording, figure: Figure | None, figures: Sequence[Figure | None]) -> bool:
    others = [other for other in figures if other is not None and other is not figure]
    if figure is None or not others:
        return False
    if wording.better == "low":
        return all(figure.high < other.low for other in others)
    return wording.better == "high" and all(figure.low > other.high for other in others)


def _cell_text(wording: Wording, figure: Figure | None, best: bool) -> str:
    if figure is None:
        return "–"
    text = f"{wording.number(figure.value)} ({wording.number(figure.low)} to {wording.number(figure.high)})"
    return f"* {text}" if best else text


def _environment() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["address"] = data_address
    environment.filters["drawing"] = lambda svg: f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    return environment
