"""Reports as users make them: of a run, of several, and of pictures from anywhere whose worth is known."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import runpy
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cheap_features import measured_by_fields, measured_by_small_features
from PIL import Image
from processes import launch

from common import config
from common.data.dataset import PaintingDataset
from common.evaluation.measures import Measurements

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "evaluate.py"
pytestmark = pytest.mark.slow


def evaluate(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output and errors of the command, run in this process."""
    out, errors = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["evaluate.py", *map(str, arguments)]
    code = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            runpy.run_path(str(SCRIPT), run_name="__main__")
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.argv = before
    return code, out.getvalue(), errors.getvalue()


def measured(*arguments: str | Path) -> str:
    code, printed, errors = evaluate(*arguments)
    assert code == 0, errors
    return printed


def read_report(folder: Path) -> Measurements:
    values = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return config.parse(Measurements, values, place="report.json")


def write_pictures(
    folder: Path, dataset: PaintingDataset, rows: list[int], genres: list[str], styles: list[str]
) -> Path:
    folder.mkdir()
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "genre", "style", "artist", "title", "year"])
        pictures = dataset.pictures(64, rows)
        for number, (pixels, genre, style) in enumerate(zip(pictures, genres, styles, strict=True)):
            Image.fromarray(pixels).save(folder / f"{number:03}.png")
            writer.writerow([f"{number:03}.png", genre, style, "", "", ""])
    return folder


def labels_of(dataset: PaintingDataset, split: str) -> tuple[list[int], list[str], list[str]]:
    part = dataset.split(split, 64)
    genres, styles = list(dataset.vocabulary.genres), list(dataset.vocabulary.styles)
    return part.rows.tolist(), [genres[place] for place in part.genres], [styles[place] for place in part.styles]


@pytest.fixture(scope="module", autouse=True)
def _small_features() -> Iterator[None]:
    with measured_by_small_features():
        yield


@pytest.fixture
def cheap_features() -> Iterator[None]:
    """For what does not depend on how good features are."""
    with measured_by_fields():
        yield


@contextlib.contextmanager
def left_out_plots() -> Iterator[None]:
    """For reports whose plots nobody looks at: they take longer than all else in them."""
    with pytest.MonkeyPatch.context() as patch:
        plots = {"distances": "<svg></svg>", "spectrum": "<svg></svg>"}
        patch.setattr("common.evaluation.report._plots", lambda measured: plots)
        yield


@pytest.fixture
def no_plots() -> Iterator[None]:
    with left_out_plots():
        yield


@pytest.fixture(scope="module")
def report(stage2_run: Path, measurable_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "report"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("common.evaluation.observations.SEEDS", 4)
        printed = measured("run", stage2_run, "--data", measurable_dataset, "--samples", "24", "--out", out)
    assert f"measuring 24 pictures of {stage2_run} at 128 pixels against " in printed
    assert "Coverage" in printed
    assert str(out / "index.html") in printed
    return out


def test_a_report_holds_every_figure_with_its_interval_its_samples_and_its_mark(report: Path) -> None:
    found = read_report(report)
    # Of so few pictures a request the critic would keep none but the best of all, and nothing else of its request is.
    curated = {f"asked_{kind}_accuracy_of_{part}" for kind in ("genre", "style") for part in ("curated", "others")}
    assert curated & set(found.figures) in (set(), curated)
    assert set(found.figures) - curated == {
        "coverage", "recall", "precision", "density", "kid", "fid", "fid_train", "diversity", "near_copies",
        "asked_genre_accuracy", "asked_style_accuracy", "genre_response", "style_response", "composition_kept",
        "critic_genre_accuracy", "critic_style_accuracy", "critic_genre_of_generated", "critic_style_of_generated",
        "spectrum", "kid_by_ruler", "coverage_by_ruler", "recall_by_ruler",
    }  # fmt: skip
    for figure in found.figures.values():
        # A mean of equal values may be off by a rounding.
        assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9
        assert figure.samples > 0
    assert (found.samples, found.resolution, found.features) == (24, 128, "efficientnet-lite2")
    assert len(found.novelty.generated) == 24
    assert sorted(found.ranking) == list(range(24))
    # Of real paintings, which the judge has not seen, it is right far more often than of noise.
    assert found.figures["asked_genre_accuracy"].real > 0.4  # type: ignore[operator]
    assert found.kid_by_genre == dict.fromkeys(found.kid_by_genre)


def test_a_run_that_may_have_seen_the_test_paintings_is_measured_with_a_warning(
    report: Path, stage2_run: Path, measurable_dataset: Path, tmp_path: Path
) -> None:
    assert read_report(report).origin.endswith("may contain some of these held-out paintings")

    def warnings(run: Path) -> int:
        too_few = ("--data", measurable_dataset, "--samples", "5", "--out", tmp_path / "report")
        code, _, errors = evaluate("run", run, *too_few)
        assert (code, "measuring needs more than" in errors) == (2, True)
        return errors.count(f"warning: {run} was trained on another dataset, whose training split")

    assert warnings(stage2_run) == warnings(stage2_run / "export") == 1
    alone = shutil.copytree(stage2_run / "export", tmp_path / "export")
    assert warnings(alone) == 0


def test_the_report_of_another_run_is_not_replaced(
    report: Path, stage1_run: Path, stage2_run: Path, measurable_dataset: Path
) -> None:
    before = (report / "report.json").read_bytes()
    code, _, errors = evaluate("run", stage1_run, "--data", measurable_dataset, "--samples", "24", "--out", report)
    assert (code, f"{report} holds the report of {stage2_run}; choose another folder" in errors) == (2, True)
    assert (report / "report.json").read_bytes() == before


def test_the_page_is_one_file_that_needs_no_other(report: Path) -> None:
    page = (report / "index.html").read_text(encoding="utf-8")
    addresses = re.findall(r'(?:src|href)="([^"]{0,40})', page)
    assert len(addresses) > 20
    assert all(address.startswith("data:image/") for address in addresses)
    headings = re.findall(r"<(?:h2|summary)>([^<]+)</", page)
    assert headings[:3] == ["Random pictures", "Random paintings of the test split", "More"]
    assert {"By genre", "By style", "The same noise in every style", "Power spectrum", "Training"} < set(headings)
    # Seven figures lead, the others are folded.
    lead, _, folded = page.partition("<details>")
    assert lead.count('class="figure"') == 7
    assert lead.count('class="figure"') + folded.count('class="figure"') == len(read_report(report).figures)
    assert "Tan et al. (2016)" in folded


def test_two_processes_give_the_report_of_one(stage2_run: Path, measurable_dataset: Path, tmp_path: Path) -> None:
    arguments = ("run", stage2_run, "--data", measurable_dataset, "--samples", "24", "--out")
    for processes in (1, 2):
        launch(processes, ROOT / "tests" / "by_fields.py", SCRIPT, *arguments, tmp_path / str(processes))
    one, two = (json.loads((tmp_path / folder / "report.json").read_text()) for folder in "12")
    assert_close(one, two)


def assert_close(first: Any, second: Any) -> None:
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            assert_close(first[key], second[key])
    elif isinstance(first, list):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_close(one, other)
    elif isinstance(first, float):
        assert first == pytest.approx(second, rel=1e-3, abs=1e-4)
    else:
        assert first == second


@pytest.fixture(scope="module")
def known(measurable_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Measurements]:
    """Training paintings themselves, and one of each genre repeated."""
    base, dataset = tmp_path_factory.mktemp("known"), PaintingDataset(measurable_dataset)
    rows, genres, styles = (column[:96] for column in labels_of(dataset, "train"))
    stolen = write_pictures(base / "stolen", dataset, rows, genres, styles)
    first = [rows[genres.index(genre)] for genre in genres]
    repeated = write_pictures(base / "repeated", dataset, first, genres, [""] * 96)
    with left_out_plots():
        for folder in (stolen, repeated):
            measured("images", folder, "--data", measurable_dataset, "--out", base / f"report-{folder.name}")
    return {name: read_report(base / f"report-{name}") for name in ("stolen", "repeated")}


def test_stolen_paintings_look_perfect_except_that_they_are_copies(known: dict[str, Measurements]) -> None:
    figures = known["stolen"].figures
    assert figures["asked_genre_accuracy"].value > 0.7
    assert figures["kid"].low < 0.02
    assert figures["coverage"].value > 0.7
    assert figures["near_copies"].value == 1
    assert all(copy.distance < known["stolen"].novelty.threshold for copy in known["stolen"].novelty.nearest)


def test_one_picture_a_genre_looks_collapsed(known: dict[str, Measurements]) -> None:
    stolen, repeated = known["stolen"].figures, known["repeated"].figures
    assert repeated["diversity"].value == pytest.approx(0, abs=1e-3)
    assert stolen["diversity"].value > 0.8
    assert repeated["recall"].value < stolen["recall"].value
    assert "asked_style_accuracy" not in repeated


@pytest.mark.usefixtures("cheap_features", "no_plots")
def test_a_comparison_marks_what_stands_out(
    stage1_run: Path, stage2_run: Path, measurable_dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "comparison"
    printed = measured(
        "compare", stage1_run, stage2_run, "--data", measurable_dataset, "--samples", "20", "--resolution", "64",
        "--out", out,
    )  # fmt: skip
    # Both paint the same pictures at 64 pixels: stage II carries that stage I. Nothing may stand out.
    one, other = (read_report(out / run).figures["kid"].value for run in ("run-1", "run-2"))
    assert one == other
    assert "* " not in printed.partition("comparison:")[0].splitlines()[-1]
    assert 'class="number best"' not in (out / "comparison.html").read_text()


def test_runs_of_different_resolutions_are_not_compared(
    stage1_run: Path, stage2_run: Path, measurable_dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "comparison"
    code, _, errors = evaluate("compare", stage1_run, stage2_run, "--data", measurable_dataset, "--out", out)
    assert code == 2
    assert re.search(
        r"different resolutions do not compare: .* 64 and .* 128 pixels; give one with --resolution", errors
    )
    assert not list(out.glob("*"))


@pytest.mark.usefixtures("cheap_features", "no_plots")
def test_stage2_is_held_against_its_own_small_pictures_enlarged(
    stage2_run: Path, measurable_dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "comparison"
    measured("run", stage2_run, "--enlarged", "--data", measurable_dataset, "--samples", "20", "--out", out)
    own, enlarged = (json.loads((out / run / "report.json").read_text()) for run in ("run-1", "run-2"))
    assert enlarged["name"] == f"{stage2_run}, stage I enlarged"
    assert (enlarged["resolution"], enlarged["samples"]) == (own["resolution"], own["samples"]) == (128, 20)
    assert "asked_style_accuracy" in own["figures"]
    assert "asked_style_accuracy" not in enlarged["figures"]
    assert enlarged["name"] in (out / "comparison.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--samples", "5"], "measuring needs more than 10 of each"),
        (["--features", "inceptoin"], "did you mean 'inception'"),
        (["--labels", "labels.csv"], "unrecognized arguments: --labels labels.csv"),
        (["--split", "train"], "invalid choice: 'train'"),
        (["--enlarged", "--resolution", "64"], "stage2 is measured at 64 pixels; leave it out"),
        (["--truncation", "-1"], "truncation -1"),
        (["--resolution", "256"], "resolution 256"),
        (["--device", "gpu"], "device 'gpu'"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(
    arguments: list[str], answer: str, stage2_run: Path, procedural_dataset: Path, tmp_path: Path
) -> None:
    code, _, errors = evaluate(
        "run", stage2_run, "--data", procedural_dataset, "--out", tmp_path / "report", *arguments
    )
    assert code == 2
    assert answer in errors.strip().splitlines()[-1]
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--resolution", "100"], "--resolution: invalid choice: 100 (choose from 64, 128, 256)"),
        (["--resolution", "256"], "has sizes 64, 128, not 256; prepare it again with: --sizes 64 128 256"),
        (["--truncation", "0.5"], "unrecognized arguments: --truncation 0.5"),
    ],
)
def test_pictures_that_cannot_be_measured_are_refused_in_one_line(
    arguments: list[str], answer: str, collection: Path, dataset_folder: Path, tmp_path: Path
) -> None:
    code, _, errors = evaluate("images", collection, "--out", tmp_path / "report", "--data", dataset_folder, *arguments)
    assert code == 2
    (line,) = errors.strip().splitlines()
    assert answer in line


def test_weights_of_other_labels_are_refused_with_an_option_of_this_command(
    stage2_run: Path, dataset_folder: Path
) -> None:
    code, _, errors = evaluate("run", stage2_run, "--data", dataset_folder)
    assert code == 2
    assert re.search(r"the (genres|styles) of .* differ: .*; give the dataset it was trained on with --data$", errors)


@pytest.mark.parametrize("subcommand", ["run", "compare", "images"])
def test_help_says_of_every_option_what_it_is_and_its_default(subcommand: str) -> None:
    code, printed, _ = evaluate(subcommand, "--help")
    assert code == 0
    for option in re.split(r"\n  --", printed.partition("\noptions:")[2])[1:]:
        switch = re.match(r"[a-z]+( {2,}|\n)", option)
        assert re.search(r"[a-z]{3,}" if switch else r"[a-z]{3,}.*\(default:\s", option, re.DOTALL), option


def test_a_place_that_cannot_hold_a_report_is_refused_before_the_work(
    stage2_run: Path, measurable_dataset: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    code, _, errors = evaluate("run", stage2_run, "--data", measurable_dataset, "--out", tmp_path / "taken" / "report")
    assert code == 2
    assert "taken is not a writable folder; give another folder with --out" in errors
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.usefixtures("cheap_features", "no_plots")
def test_titles_of_paintings_are_text_and_not_page(measurable_dataset: Path, tmp_path: Path) -> None:
    dataset = PaintingDataset(measurable_dataset)
    pictures = dataset.pictures(64, list(range(12)))
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, pixels in enumerate(pictures):
        Image.fromarray(np.asarray(pixels)).save(folder / f"{number}.png")
    odd = folder.rename(tmp_path / "<script>alert(1)<")
    code, _, errors = evaluate("images", odd, "--data", measurable_dataset, "--out", tmp_path / "report", "--quick")
    assert (code, "test paintings are too few for figures that mean much" in errors) == (0, True)
    page = (tmp_path / "report" / "index.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
