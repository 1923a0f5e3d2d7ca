"""The model card: each figure stands in a file of the run or in a report, and what is missing is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from common.config import as_values
from common.errors import UserError
from common.evaluation.figures import Figure
from common.evaluation.measures import VERSION, Measurements, Novelty
from stage2 import Painter
from stage2.sharing.exporting import export_run

MEASURED = Measurements(
    version=VERSION, name="my run", resolution=128, origin="Seeds 3 to 52, trained on who knows what", weights=None,
    samples=50, seed=3, dataset="some source", split="test", train=68, held_out=4, resize_filter="lanczos",
    features="lite", features_description="EfficientNet-Lite0",
    figures={"coverage": Figure(value=0.1234, low=0.1, high=0.2, samples=50, real=0.95, real_samples=4)},
    kid_by_genre={}, kid_by_style={}, confusions={},
    novelty=Novelty(threshold=0.1, generated=(0.1,), held_out=(0.2,), nearest=()), ranking=(),
    spectra={"generated": (1.0,), "held_out": (1.0,)},
)  # fmt: skip


def measured(run: Path, **changes: Any) -> dict[str, Any]:
    """What a report of a run's weights holds."""
    values: dict[str, Any] = as_values(MEASURED)
    return values | {"weights": Painter.load(run).weights} | changes


def card_of(run: Path, out: Path, **options: Any) -> str:
    export_run(run, out, card=True, **options)
    return (out / "README.md").read_text(encoding="utf-8")


def written(path: Path, values: Any) -> Path:
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def front_matter(card: str) -> dict[str, Any]:
    _, front, _ = card.split("---\n", 2)
    values: dict[str, Any] = yaml.safe_load(front)
    return values


@pytest.fixture(scope="module")
def card(stage2_run: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("card") / "out"
    card = card_of(stage2_run, out)
    with Image.open(out / "samples.webp") as sheet:
        assert (sheet.width > 6 * 128, sheet.height > 6 * 128) == (True, True)
    return card


def test_a_card_says_what_the_run_was_trained_on_and_for_how_long(card: str, stage2_run: Path) -> None:
    data = json.loads((stage2_run / "dataset.json").read_text())
    assert f"`{data['source']}`, {data['paintings']['train']} in the train split" in card
    # Six steps of eight paintings.
    assert "Budget: 6 steps, in which the critic saw 48 real paintings." in card
    assert all(f"{name} ({count})" in card for name, count in data["vocabulary"]["styles"].items())
    settings = card.partition("```yaml\n")[2].partition("```")[0]
    assert yaml.safe_load(settings) == yaml.safe_load((stage2_run / "config.yaml").read_text())


def test_a_card_without_a_report_has_no_figure_and_names_what_is_missing(card: str) -> None:
    assert "None: this card was made without a report" in card
    assert "| figure |" not in card
    faults = card.partition("## Known faults")[2]
    assert "KID × 10³, test split; KID × 10³ by the second ruler; FID, test split; Coverage" in faults
    assert "Not measured at 64, 128 pixels" in faults


def test_no_licence_is_invented(card: str, stage1_run: Path, tmp_path: Path) -> None:
    assert "license" not in front_matter(card)
    assert "No licence has been stated." in card
    stated = card_of(stage1_run, tmp_path / "out", license="cc0-1.0")
    assert front_matter(stated)["license"] == "cc0-1.0"
    assert "No licence" not in stated


def test_figures_are_those_of_the_report(stage2_run: Path, tmp_path: Path) -> None:
    report = written(tmp_path / "report.json", measured(stage2_run))
    card = card_of(stage2_run, tmp_path / "out", report=report)
    assert "| Coverage | 12.3 % | 10.0 % to 20.0 % | 50 | 95.0 % (4) |" in card
    assert (
        "Measured on 50 pictures of `my run` at 128 pixels against 4 test and 68 training paintings of `some source`"
        in card
    )
    faults = card.partition("## Known faults")[2]
    assert (
        "Not measured: KID × 10³, test split; KID × 10³ by the second ruler; FID, test split; Asked genre recognised;"
        in faults
    )
    assert "Not measured at 64 pixels" in faults
    assert "Second ruler" not in card
    report = written(tmp_path / "report.json", measured(stage2_run, ruler_description="a classifier,\nfrom nothing"))
    assert "Second ruler: a classifier, from nothing." in card_of(stage2_run, tmp_path / "other", report=report)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 1}, r"is no report of this version of the program; measure with scripts/evaluate\.py"),
        ({"split": "validation"}, "on the validation split; give a report of .* on the test split"),
        (
            {"weights": "0123456789ab"},
            "measures weights 0123456789ab on the test split; give a report of [0-9a-f]{12}",
        ),
        ({"weights": None}, "measures a folder of pictures on the test split"),
        ({"samples": "many"}, "samples: "),
    ],
)
def test_a_report_of_something_else_is_refused(
    changes: dict[str, Any], message: str, stage2_run: Path, tmp_path: Path
) -> None:
    report = written(tmp_path / "report.json", measured(stage2_run, **changes))
    with pytest.raises(UserError, match=message):
        card_of(stage2_run, tmp_path / "out", report=report)
    assert not (tmp_path / "out").exists()


def test_the_budget_of_the_best_weights_is_that_of_the_best_fid(stage2_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(stage2_run, run)
    shutil.copytree(run / "export", run / "best")
    with (run / "metrics.jsonl").open("a") as log:
        for step, fid in ((2, 9), (4, 1), (6, 2)):
            log.write(json.dumps({"step": step, "images": 8 * step, "fid_validation": fid}) + "\n")
        log.write('{"step": ')
    card = card_of(run, tmp_path / "out", best=True)
    assert (
        "Budget: 4 steps, in which the critic saw 32 real paintings, the best of the run's 6 steps by FID on the "
        "validation split"
    ) in card


def test_the_best_fid_is_that_of_the_number_of_pictures_that_the_run_compared_last(
    stage2_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(stage2_run, run)
    shutil.copytree(run / "export", run / "best")
    with (run / "metrics.jsonl").open("a") as log:
        # Of more pictures FID is lower: a resumed run measured 500 for a while.
        for step, fid, samples in ((1, 8.0, 100), (2, 1.0, 500), (3, 10.0, 100), (4, 9.0, 100), (5, 9.5, 100)):
            figures = {"fid_validation": fid, "fid_samples": samples}
            log.write(json.dumps({"step": step, "images": 8 * step, **figures}) + "\n")
    assert "Budget: 4 steps, in which the critic saw 32 real paintings" in card_of(run, tmp_path / "out", best=True)


def test_the_budget_is_that_of_the_newest_checkpoint_whatever_else_the_log_holds(
    stage1_run: Path, tmp_path: Path
) -> None:
    whole, log = card_of(stage1_run, tmp_path / "whole"), (stage1_run / "metrics.jsonl").read_bytes()
    assert "Budget: 6 steps, in which" in whole
    first_steps = b"".join(line for line in log.splitlines(keepends=True) if json.loads(line)["step"] < 6)
    later = json.dumps({"step": 8, "images": 64}).encode()
    for name, content in {"damaged": b"[1]\n\xff\n" + log, "early": first_steps, "late": log + later}.items():
        run = shutil.copytree(stage1_run, tmp_path / name)
        (run / "metrics.jsonl").write_bytes(content)
        assert card_of(run, tmp_path / f"card of {name}") == whole


def test_a_run_that_started_from_weights_says_so(stage1_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(stage1_run, run)
    environment = json.loads((run / "environment.json").read_text())
    (run / "environment.json").write_text(json.dumps(environment | {"started_from": "0123456789ab"}))
    assert "The run started from the weights `0123456789ab`" in card_of(run, tmp_path / "out")
    assert "The run started from" not in card_of(stage1_run, tmp_path / "plain")


def test_an_export_without_its_run_says_what_is_not_known(stage1_run: Path, tmp_path: Path) -> None:
    card = card_of(stage1_run / "export", tmp_path / "out", half=True)
    for missing in ("no dataset.json", "no metrics.jsonl", "no config.yaml"):
        assert missing in card
    assert "half precision" in card
    assert "Effect of the style" not in card
