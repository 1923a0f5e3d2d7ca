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
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import torch
from einops import rearrange
from matplotlib.figure import Figure as Plot
from PIL import Image

from common import config
from common.curation import favourites
from common.data.dataset import PaintingDataset
from common.errors import UserError, missing_package
from common.evaluation.classifier import dataset_classifier
from common.evaluation.distances import nearest
from common.evaluation.features import FeatureNetwork, features_of, split_features
from common.evaluation.figures import specs
from common.evaluation.measures import Measurements, measure
from common.evaluation.observations import answered_labels, in_every_label
from common.evaluation.subjects import Subject
from common.files import write_atomically
from common.images import as_pictures, captioned_grid, labelled_grid, to_pictures
from common.randomness import Purpose, generator_for
from common.shares import BATCH, Share

PAGE, DATA = "index.html", "report.json"
COLUMNS = 10
RANDOM_ROWS = 6
NOISE_ROWS = 4
CURATED = 40
SHOWN = 4
"""Number of paintings beside each picture of a sheet of nearest paintings."""
TITLE = 40
"""Most characters of a painting's title on that sheet."""
GENERATED, REAL, INK = "#b5482f", "#3d6b8f", "#2b2a28"


def report_on(
    subjects: Sequence[Subject],
    network: FeatureNetwork,
    share: Share,
    out: Path,
    *,
    training_limit: int | None = None,
    with_ruler: bool = True,
    device: torch.device | str = "cpu",
) -> None:
    """Measure subjects, print their figures and write a report into `out`; of several one each, and a comparison.

    `with_ruler` measures some figures by the dataset's own classifier too.

    Collective. Raise UserError, before the work, if the resolutions differ, a package is not installed, `out` cannot be
    written, or it holds the report of other pictures.
    """
    for package, name in (("jinja2", "jinja2"), ("sklearn", "scikit-learn")):
        if importlib.util.find_spec(package) is None:
            raise missing_package("a report", name, extra="evaluation")
    place = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise UserError(f"cannot write to {out}: {place} is not a writable folder; give another folder with --out")
    if len({subject.resolution for subject in subjects}) > 1:
        sides = " and ".join(f"{subject.name} {subject.resolution}" for subject in subjects)
        raise UserError(f"figures of different resolutions do not compare: {sides} pixels; give one with --resolution")
    first = subjects[0]
    folders = [out / f"run-{number}" for number in range(1, len(subjects) + 1)] if len(subjects) > 1 else [out]
    for folder, subject in zip(folders, subjects, strict=True):
        if (held := _name_of_report(folder)) not in (None, subject.name):
            raise UserError(f"{folder} holds the report of {held}; choose another folder with --out")
    ruler = dataset_classifier(first.dataset, first.resolution, share, device) if with_ruler else None
    all_measured = []
    for folder, subject in zip(folders, subjects, strict=True):
        measured = measure(subject, network, share, training_limit, ruler)
        if measured is None:  # Only the first process gets the figures.
            continue
        write_report(measured, subject, folder)
        print(*summary(measured), f"report: {folder / PAGE}\n", sep="\n")
        all_measured.append(measured)
    if len(all_measured) > 1:
        print(*write_comparison(all_measured, out), sep="\n")
        print(f"comparison: {out / 'comparison.html'}")


def _name_of_report(folder: Path) -> str | None:
    """Return what the report in a folder measured; None without a readable one."""
    try:
        return str(json.loads((folder / DATA).read_text(encoding="utf-8"))["name"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_report(measured: Measurements, subject: Subject, out: Path) -> None:
    """Write both files into `out`. Only the critic's favourites are selected; others are the first or random."""
    dataset, split, count = subject.dataset, measured.split, RANDOM_ROWS * COLUMNS
    held_out = dataset.split(split, subject.resolution)
    some = generator_for(subject.seed, Purpose.EVALUATION_RESAMPLING, 1).permutation(len(held_out))[:count]
    best = favourites(np.array(measured.ranking), subject.requests)[:CURATED] if measured.ranking else None
    copies = measured.novelty.nearest
    painted = _read(subject, [copy.place for copy in copies])
    rows = [copy.row for copy in copies]
    paintings = as_pictures(dataset.pictures(subject.resolution, rows))
    first, same = _by_label(subject)
    curves = Path(subject.name, "curves.png")
    page = _page(
        "report",
        measured=measured,
        rows=[(spec, measured.figures[key]) for key, spec in specs(split).items() if key in measured.figures],
        random=_sheet(_read(subject, range(min(count, len(subject))))),
        real=_sheet(as_pictures(held_out.pictures(some).cpu().numpy())),
        by_label=first,
        same_noise=same,
        curated=None if best is None else _sheet(_read(subject, best.tolist())),
        pairs=list(zip(copies, painted, paintings, dataset.captions(rows), strict=True)),
        **_plots(measured),
        curves=curves.read_bytes() if curves.is_file() else None,
        kid=specs(split)["kid"],
    )
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / PAGE, page)
    write_atomically(out / DATA, json.dumps(config.as_values(measured), indent=1, ensure_ascii=False))


def write_comparison(all_measured: Sequence[Measurements], out: Path) -> list[str]:
    """Write `comparison.html`; return the table for a terminal.

    All subjects must have been measured with the same settings.
    """
    rows = []
    for key, spec in specs(all_measured[0].split).items():
        found = [measured.figures.get(key) for measured in all_measured]
        if any(found):
            rows.append((spec, [(one, spec.stands_out(one, found)) for one in found]))
    write_atomically(out / "comparison.html", _page("comparison", subjects=all_measured, rows=rows))
    table = [["", *(measured.name for measured in all_measured)]]
    for spec, cells in rows:
        texts = (f"{'* ' * best}{spec.number(one.value)} ({spec.interval(one)})" if one else "–" for one, best in cells)
        table.append([spec.title, *texts])
    first, *others = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join([row[0].ljust(first), *map(str.rjust, row[1:], others)]) for row in table]


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

    templates = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=templates, autoescape=True, undefined=jinja2.StrictUndefined)
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


def _by_label(subject: Subject) -> tuple[dict[str, Image.Image], dict[str, Image.Image]]:
    """Return sheets by `genre` and `style`: the first pictures of each label, and the same noise in every label."""
    first: dict[str, Image.Image] = {}
    for kind, names, labels in subject.labels():
        places = {name: np.flatnonzero(labels == place)[:COLUMNS].tolist() for place, name in enumerate(names)}
        rows = {name: _read(subject, some) for name, some in places.items() if some}
        if rows:
            first[kind] = labelled_grid(list(rows.values()), list(rows))
    same: dict[str, Image.Image] = {}
    for kind, names in answered_labels(subject).items():
        assert subject.painter is not None, "only painters answer"
        seeds = range(subject.seed, subject.seed + NOISE_ROWS)
        painted = [to_pictures(in_every_label(subject.painter, kind, subject.resolution, seed)) for seed in seeds]
        same[kind] = labelled_grid(painted, [f"seed {seed}" for seed in seeds], names)
    return first, same


def _plots(measured: Measurements) -> dict[str, str]:
    """Return the text of two SVG files: `distances` to the nearest training painting, and the `spectrum`."""
    novelty, split = measured.novelty, measured.split
    # Not pyplot: it would keep every plot in memory and look for a display.
    plots = {name: Plot(figsize=(7, 3), layout="constrained") for name in ("distances", "spectrum")}
    distances, spectrum = (plot.subplots() for plot in plots.values())
    both = [*novelty.generated, *novelty.held_out]
    edges: list[float] = np.linspace(min(both), max(both) + 1e-6, 60).tolist()
    for name, away, power, colour in (
        ("generated pictures", novelty.generated, measured.spectra["generated"], GENERATED),
        (f"{split} paintings", novelty.held_out, measured.spectra["held_out"], REAL),
    ):
        distances.hist(away, edges, density=True, histtype="stepfilled", alpha=0.45, color=colour, label=name)
        spectrum.plot(range(1, len(power) + 1), power, color=colour, label=name)
    closer = f"1 % of {split} paintings are closer"
    distances.axvline(novelty.threshold, color=INK, linewidth=1, linestyle="--", label=closer)
    distances.set(xlabel="distance to the nearest training painting", yticks=[])
    spectrum.set_xscale("log", base=2)
    spectrum.set(xlabel="cycles per side (coarse to fine detail)", ylabel="power, dB")
    files = {name: io.StringIO() for name in plots}
    for name, plot in plots.items():
        plot.axes[0].legend(frameon=False)
        plot.patch.set_alpha(0)
        plot.savefig(files[name], format="svg", metadata={"Date": None})
    return {name: file.getvalue() for name, file in files.items()}


def nearest_sheet(
    dataset: PaintingDataset,
    size: int,
    network: FeatureNetwork,
    pictures: Sequence[Image.Image],
    captions: Sequence[str],
) -> Image.Image:
    """Return a sheet with a row per picture: it, then the training paintings nearest to it or its mirror image.

    Each painting's caption shows its distance in features. The features of the paintings are stored in the dataset.
    """
    train, stored = dataset.split("train", size), split_features(dataset, "train", size, network, Share())
    images = rearrange(torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])), "b h w c -> b c h w")
    features, mirrored = (features_of(network, torch.split(side, BATCH), Share()) for side in (images, images.flip(3)))
    distances, places = nearest(features, mirrored, stored, min(SHOWN, len(stored)))
    tiles: list[Image.Image] = []
    words: list[str] = []
    for picture, caption, near, away in zip(pictures, captions, places, distances, strict=True):
        tiles += [picture, *as_pictures(train.pictures(near).cpu().numpy())]
        titles = dataset.captions(train.rows.cpu().numpy()[near].tolist())
        shown = [shorten(title, TITLE, placeholder=" …") for title in titles]
        words += [caption, *(f"{distance:.1f}\n{title}" for distance, title in zip(away, shown, strict=True))]
    return captioned_grid(tiles, words, 1 + places.shape[1])
