"""Write a report: `report.json` for programs and `index.html`, a page without other files, for people.

Also the comparison of several subjects, and the lines that a command prints. All show the figures of
`common.evaluation.figures`, whatever these are.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from einops import rearrange
from matplotlib.figure import Figure as Plot
from PIL import Image

from common import config
from common.curation import favourites
from common.data.dataset import HeldOut, PaintingDataset
from common.errors import UserError, missing_package
from common.evaluation.figures import Figure, Spec, specs
from common.evaluation.measures import Confusion, Measurements, Novelty, Spectra
from common.evaluation.observations import answered_labels, in_every_label
from common.evaluation.subjects import Subject
from common.files import write_atomically
from common.images import as_pictures, labelled_grid, to_pictures
from common.randomness import Purpose, generator_for

PAGE = "index.html"
COLUMNS = 10
RANDOM_ROWS = 6
NOISE_ROWS = 4
CURATED = 40
GENERATED, REAL, INK = "#b5482f", "#3d6b8f", "#2b2a28"


def require_report(folder: Path) -> None:
    """Raise UserError if a package for reports is not installed, or none can be written to `folder`; create nothing."""
    for package, name in (("jinja2", "jinja2"), ("sklearn", "scikit-learn")):
        if importlib.util.find_spec(package) is None:
            raise missing_package("a report", name, extra="evaluation")
    place = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise UserError(f"cannot write to {folder}: {place} is not a writable folder; give another folder with --out")


def write_report(
    measured: Measurements, subject: Subject, dataset: PaintingDataset, out: Path, curves: Path | None
) -> None:
    """Write both files and two sheets of pictures into `out`; `curves` is a picture of its training, if there is one.

    Only the critic's favourites are selected; all other pictures are the first or random.
    """
    count, split = RANDOM_ROWS * COLUMNS, measured.split
    held_out = dataset.split(split, subject.resolution)
    some = generator_for(subject.seed, Purpose.EVALUATION_RESAMPLING, 1).permutation(len(held_out))[:count]
    random = _sheet(_read(subject, range(min(count, len(subject)))))
    real = _sheet(as_pictures(held_out.pictures(some).cpu().numpy()))
    best = favourites(np.array(measured.ranking), subject.requests)[:CURATED] if measured.ranking else None
    copies = measured.novelty.nearest
    places, rows = [copy.place for copy in copies], [copy.row for copy in copies]
    paintings = dataset.pictures(subject.resolution, rows)
    page = _page(
        "report",
        measured=measured,
        rows=[(spec, measured.figures[key]) for key, spec in specs(split).items() if key in measured.figures],
        random=random,
        real=real,
        by_label=_by_label(subject),
        same_noise=_same_noise(subject),
        curated=None if best is None else _sheet(_read(subject, best.tolist())),
        pairs=list(zip(copies, _read(subject, places), as_pictures(paintings), dataset.captions(rows), strict=True)),
        distances=_distance_plot(measured.novelty, split),
        confusions={kind: _confusion_plot(kind, table, split) for kind, table in measured.confusions.items()},
        spectrum=_spectrum_plot(measured.spectra, split),
        curves=curves.read_bytes() if curves is not None and curves.is_file() else None,
        kid=specs(split)["kid"],
    )
    out.mkdir(parents=True, exist_ok=True)
    random.save(out / "samples.png")
    real.save(out / "real.png")
    write_atomically(out / PAGE, page)
    write_atomically(out / "report.json", json.dumps(config.as_values(measured), indent=1, ensure_ascii=False))


def write_comparison(all_measured: Sequence[Measurements], out: Path) -> list[str]:
    """Write `comparison.json` and `comparison.html`; return the table for a terminal.

    All subjects must have been measured with the same settings.
    """
    known = specs(all_measured[0].split)
    figures = {key: [measured.figures.get(key) for measured in all_measured] for key in known}
    rows = [
        (known[key], [(one, known[key].stands_out(one, found)) for one in found])
        for key, found in figures.items()
        if any(found)
    ]
    page = _page("comparison", subjects=all_measured, rows=rows)
    names = [measured.name for measured in all_measured]
    values = {
        key: {name: config.as_values(figure) for name, figure in zip(names, found, strict=True) if figure}
        for key, found in figures.items()
    }
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / "comparison.json", json.dumps(values, indent=1, ensure_ascii=False))
    write_atomically(out / "comparison.html", page)
    table = [["", *names], *([spec.title, *(_cell(spec, *cell) for cell in cells)] for spec, cells in rows)]
    first, *others = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join([row[0].ljust(first), *map(str.rjust, row[1:], others)]) for row in table]


def _cell(spec: Spec, figure: Figure | None, best: bool) -> str:
    return f"{'* ' * best}{spec.number(figure.value)} ({spec.interval(figure)})" if figure else "–"


def summary(measured: Measurements) -> list[str]:
    """Return the figures as lines for a terminal."""
    lines = [f"{measured.name}: {measured.samples} pictures of {measured.resolution} pixels; {measured.origin}"]
    for key, spec in specs(measured.split).items():
        if figure := measured.figures.get(key):
            real = f"{spec.mark(figure)}: {spec.real}" if figure.real is not None else ""
            value = f"{spec.number(figure.value):>9} ({figure.samples})"
            lines.append(f"{spec.title:42} {value:17} {f'({spec.interval(figure)})':24} {real}".rstrip())
    lines.append(
        f"measured against {measured.held_out} {measured.split} and {measured.train} training paintings of "
        f"{measured.dataset}, resized with {measured.resize_filter.capitalize()}; features: "
        f"{measured.features_description}"
    )
    return lines


def _page(name: str, **content: Any) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["address"] = _address
    return environment.get_template(f"{name}.html.jinja").render(content)


def _address(picture: Image.Image | str | bytes) -> str:
    """Return a picture, the text of an SVG file or the bytes of a PNG file as a data URL."""
    if isinstance(picture, Image.Image):
        kind = "png" if picture.width * picture.height <= 400_000 else "jpeg"
        file = io.BytesIO()
        picture.save(file, kind, quality=88)
        content = file.getvalue()
    else:
        kind, content = ("svg+xml", picture.encode()) if isinstance(picture, str) else ("png", picture)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _read(subject: Subject, places: Sequence[int]) -> list[Image.Image]:
    batches = (subject.read(places[start : start + COLUMNS]) for start in range(0, len(places), COLUMNS))
    return [picture for images in batches for picture in as_pictures(rearrange(images, "b c h w -> b h w c").numpy())]


def _sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    rows = [pictures[start : start + COLUMNS] for start in range(0, len(pictures), COLUMNS)]
    return labelled_grid(rows, [""] * len(rows))


def _by_label(subject: Subject) -> dict[str, Image.Image]:
    """Return sheets by `genre` and `style`, with one row per label."""
    sheets: dict[str, Image.Image] = {}
    for kind, names, labels in subject.labels():
        first = {name: np.flatnonzero(labels == place)[:COLUMNS].tolist() for place, name in enumerate(names)}
        rows = {name: _read(subject, places) for name, places in first.items() if places}
        if rows:
            sheets[kind] = labelled_grid(list(rows.values()), list(rows))
    return sheets


def _same_noise(subject: Subject) -> dict[str, Image.Image]:
    """Return sheets by `genre` and `style`, with one row per seed and one column per label."""
    seeds = range(subject.seed, subject.seed + NOISE_ROWS)
    sheets: dict[str, Image.Image] = {}
    for kind, names in answered_labels(subject).items():
        assert subject.painter is not None, "only painters answer"
        rows = [to_pictures(in_every_label(subject.painter, kind, subject.resolution, seed)) for seed in seeds]
        sheets[kind] = labelled_grid(rows, [f"seed {seed}" for seed in seeds], names)
    return sheets


def _distance_plot(novelty: Novelty, split: HeldOut) -> str:
    figure = _blank_plot(7, 3)
    axes = figure.subplots()
    both = [*novelty.generated, *novelty.held_out]
    edges: list[float] = np.linspace(min(both), max(both) + 1e-6, 60).tolist()
    for name, distances, colour in (
        ("generated pictures", novelty.generated, GENERATED),
        (f"{split} paintings", novelty.held_out, REAL),
    ):
        axes.hist(distances, edges, density=True, histtype="stepfilled", alpha=0.45, color=colour, label=name)
    closer = f"1 % of {split} paintings are closer"
    axes.axvline(novelty.threshold, color=INK, linewidth=1, linestyle="--", label=closer)
    axes.set_xlabel("distance to the nearest training painting")
    axes.set_yticks([])
    axes.legend(frameon=False)
    return _as_svg(figure)


def _confusion_plot(kind: str, confusion: Confusion, split: HeldOut) -> str:
    count = len(confusion.names)
    figure = _blank_plot(3.4 + 0.62 * count, 1.6 + 0.32 * count)
    tables = {"generated pictures": confusion.generated, f"real {split} paintings": confusion.real}
    for axes, (title, table) in zip(figure.subplots(1, 2, sharey=True), tables.items(), strict=True):
        counts = np.array(table, dtype=float)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Greys", vmin=0, vmax=1)
        axes.set_title(title, fontsize=10)
        # Matplotlib would read a dollar as the start of a formula.
        names = [name.replace("$", r"\$") for name in confusion.names]
        axes.set_xticks(range(count), names, rotation=90)
        axes.set_yticks(range(count), names)
        axes.set_xlabel(f"{kind} that the judge saw")
        for row, column in np.argwhere(shares >= 0.005):
            colour = "white" if shares[row, column] > 0.5 else INK
            percent = f"{100 * shares[row, column]:.0f}"
            axes.text(column, row, percent, ha="center", va="center", fontsize=7, color=colour)
    return _as_svg(figure)


def _spectrum_plot(spectra: Spectra, split: HeldOut) -> str:
    figure = _blank_plot(7, 3)
    axes = figure.subplots()
    cycles = range(1, len(spectra.held_out) + 1)
    axes.plot(cycles, spectra.held_out, color=REAL, label=f"{split} paintings")
    axes.plot(cycles, spectra.generated, color=GENERATED, label="generated pictures")
    axes.set_xscale("log", base=2)
    axes.set_xlabel("cycles per side (coarse to fine detail)")
    axes.set_ylabel("power, dB")
    axes.legend(frameon=False)
    return _as_svg(figure)


def _blank_plot(width: float, height: float) -> Plot:
    """Return a transparent figure; width and height in inches."""
    # pyplot would keep every figure in memory and look for a display.
    figure = Plot(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0)
    return figure


def _as_svg(figure: Plot) -> str:
    """Return the text of an SVG file, with its letters as text: the browser has fonts that matplotlib lacks."""
    file = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
