"""Collections without genres, without styles, with neither, and with one of each, through every command."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from cheap_features import fields, measured_by_fields
from commands import Command
from tiny_data import prepared, random_picture
from tiny_runs import stage1_config, stage2_config

import stage1.training
import stage2.training
from common.data.dataset import PaintingDataset
from common.evaluation.measures import measure
from common.evaluation.subjects import painted_subject
from common.preparing.sources.files import Entry, Listing, Record
from common.runs.folder import (
    CHOSEN_BY_THEM,
    STARTED_ELSEWHERE,
    TRAINED_ELSEWHERE,
    TRAINED_SOMEWHERE,
    caution_about,
)
from common.shares import Share
from stage2 import Painter

PICTURES = 220
"""Of which 11 are held out for each split: the fewest that can be measured by."""
NAMES = {"genre": ("portrait", "landscape"), "style": ("cubism", "rococo")}
SHORT = ("training.steps=2", "logging.fid_every=2", "logging.fid_samples=4")
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Blotches:
    """Pictures with the first so many genres and styles in turn."""

    genres: int
    styles: int

    def __call__(self) -> Listing:
        entries = (
            Entry(
                Record(
                    str(number), self._label("genre", number, self.genres), self._label("style", number, self.styles)
                ),
                partial(random_picture, number, 128, 128),
            )
            for number in range(PICTURES)
        )
        return Listing("blotches", entries, PICTURES)

    def _label(self, kind: str, number: int, names: int) -> str:
        return NAMES[kind][number // 2 % names if kind == "style" else number % names] if names else ""


@dataclass(frozen=True)
class Trained:
    """A collection, and both stages trained on it for two steps."""

    folder: Path
    genres: int
    styles: int

    @property
    def label(self) -> dict[str, str]:
        """One that can be asked for."""
        return {"genre": "portrait" if self.genres else "any", "style": "cubism" if self.styles else "any"}


@pytest.fixture(scope="module", params=[(0, 0), (0, 2), (2, 0), (1, 1)], ids=lambda kinds: "{}-{}".format(*kinds))
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    genres, styles = request.param
    folder = tmp_path_factory.mktemp("kinds")
    prepared(Blotches(genres, styles), folder / "data", sizes=(64, 128))
    dataset = PaintingDataset(folder / "data")
    assert (len(dataset.vocabulary.genres), len(dataset.vocabulary.styles)) == (genres, styles)
    with measured_by_fields():
        small, large = folder / "runs" / "stage1", folder / "runs" / "stage2"
        stage1.training.train(stage1_config(*SHORT), dataset, small, resume=False)
        stage2.training.train(stage2_config(*SHORT), dataset, small, large, resume=False)
        yield Trained(folder, genres, styles)


@pytest.fixture
def ran(trained: Trained, command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Commands in the folder of the runs."""
    monkeypatch.chdir(trained.folder)
    return command


def test_paintings_can_be_asked_for_in_every_way_that_makes_sense(trained: Trained, ran: Command) -> None:
    asked = ("--genre", trained.label["genre"], "--style", trained.label["style"])
    (trained.folder / "requests.csv").write_text(f"genre,style\n{','.join(trained.label.values())}\n")
    for script, *line in (
        ("generate.py", "--list"),
        ("generate.py", *asked, "--count", "2"),
        ("explore.py", "sheet"),
        ("explore.py", "walk", "seeds", "--frames", "4"),
        ("explore.py", "vary", "noise", "--count", "2", "--grid"),
        ("generate.py", "--curate", "2", "--from", "4", *asked, "--variety"),
        ("generate.py", "--curate", "1", "--from", "4", "--resolution", "64", *asked[:2], "--out", "small"),
        ("explore.py", "nearest"),
        ("generate.py", "--requests", "requests.csv", "--by-label", "--out", "many"),
        ("generate.py", "--weights", "runs/stage1", "--out", "small"),
    ):
        code, _, errors = ran(script, *line)
        assert code == 0, errors
    (written,) = (trained.folder / "many").rglob("*.png")
    assert written.parent == Path(trained.folder, "many", *trained.label.values())
    assert ran("generate.py", "--again", written)[0] == 0


def test_walks_and_variations_of_what_is_not_there_are_refused_with_what_can_be_done(
    trained: Trained, ran: Command
) -> None:
    for kind, known in (("genre", trained.genres), ("style", trained.styles)):
        line = ("explore.py", "walk", f"{kind}s", "--frames", "4")
        if known > 1:
            assert ran(*line)[0] == 0
        else:
            assert f"a walk needs two {kind}s or more" in ran.refused(*line)
    if trained.styles:
        code, said, _ = ran("explore.py", "vary", "styles", "--out", "varied")
        assert (code, said.count("varied/any_")) == (0, trained.styles)
    else:
        assert "these weights know no styles" in ran.refused("explore.py", "vary", "styles")


def test_reports_and_cards_say_what_there_is_to_say(trained: Trained, ran: Command) -> None:
    report = trained.folder / "report"
    kinds = {"genre": trained.genres, "style": trained.styles}
    code, said, errors = ran("evaluate.py", "run", "runs/stage2", "--samples", "24", "--out", report)
    assert code == 0, errors
    for kind, names in kinds.items():
        # Of one label nothing can be wrong, and nothing tells it from another.
        for title in (f"Effect of the {kind}", f"Critic's {kind} accuracy, test split", f"Asked {kind} recognised"):
            assert (title in said) == (names > 1)
    drawn = {
        (0, 0): "no labels, as the weights know none",
        (0, 2): "seeds 0 to 23, styles drawn from the test split",
        (2, 0): "seeds 0 to 23, genres drawn from the test split",
        (1, 1): "seeds 0 to 23, pairs of genre and style drawn from the test split",
    }
    assert drawn[trained.genres, trained.styles] in said
    page = (report / "index.html").read_text()
    assert [kind in re.findall(r"<summary>By (\w+)</summary>", page) for kind in kinds] == [
        names > 0 for names in kinds.values()
    ]

    code, _, errors = ran("export.py", "runs/stage2", "--out", "card", "--hub", "--report", report / "report.json")
    assert code == 0, errors
    card = (trained.folder / "card" / "README.md").read_text()
    answers = " and ".join(kind for kind, names in kinds.items() if names > 1)
    assert (f"You can choose the {answers}." if answers else "no labels to choose from") in card
    assert ("Every genre" in card, "any style, seeds" in card.lower()) == (trained.genres > 0, trained.styles > 0)
    missing = card.partition("Not measured: ")[2].partition("\n")[0]
    assert [f"Effect of the {kind}" in missing for kind in kinds] == [False, False]


def test_pictures_from_elsewhere_are_measured(trained: Trained, ran: Command, collection: Path) -> None:
    code, said, errors = ran(
        "evaluate.py", "images", collection, "--samples", "24", "--split", "validation", "--out", "elsewhere"
    )
    assert code == 0, errors
    assert "KID × 10³, validation split" in said


def test_stage_one_is_measured_and_a_mark_is_of_as_many_paintings_as_its_figure(trained: Trained) -> None:
    dataset, network = PaintingDataset(trained.folder / "data"), fields()
    painter = Painter.load(trained.folder / "runs" / "stage1")
    subject = painted_subject(painter, "run", dataset, 64, samples=24, seed=0, split="test")
    for limit, of_train in ((None, 24), (15, 15)):
        found = measure(subject, network, Share(), limit)
        assert found is not None
        # Stage I hears no style, and one genre is none.
        assert [key for key in found.figures if "style" in key] == []
        assert any("genre" in key for key in found.figures) == (trained.genres > 1)
        counts = {
            key: (figure.samples, figure.real_samples)
            for key, figure in found.figures.items()
            if key in ("fid", "fid_train", "spectrum", "coverage", "recall", "precision", "density")
        }
        held_out = dict.fromkeys(("fid_train", "coverage", "recall", "precision", "density"), (found.held_out,) * 2)
        assert counts == held_out | dict.fromkeys(("fid", "spectrum"), (of_train,) * 2)


def test_a_report_says_why_its_figures_may_be_too_good(trained: Trained, ran: Command, tmp_path: Path) -> None:
    dataset, run = PaintingDataset(trained.folder / "data"), trained.folder / "runs" / "stage2"
    assert caution_about(run / "best", dataset, "validation") == CHOSEN_BY_THEM
    assert caution_about(run / "best", dataset, "test") == caution_about(run, dataset, "validation") == ""
    assert caution_about(shutil.copytree(run / "best", tmp_path / "alone"), dataset, "test") == TRAINED_SOMEWHERE
    started = shutil.copytree(run, tmp_path / "started")
    environment = json.loads((started / "environment.json").read_text(encoding="utf-8"))
    environment["started_from"] = "0123456789ab"
    (started / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    assert (
        caution_about(started, dataset, "test")
        == caution_about(started / "best", dataset, "validation")
        == STARTED_ELSEWHERE
    )
    environment["stage1_trained_elsewhere"] = True
    (started / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    assert (
        caution_about(started, dataset, "test")
        == caution_about(started / "export", dataset, "test")
        == TRAINED_ELSEWHERE
    )
