"""What a visitor of the page sees and keeps, and the newest weights that everyone paints with."""

from __future__ import annotations

import copy
import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from tiny_runs import change_weights

from common.errors import UserError
from stage2 import Painter
from stage2.painter.requests import Origin, Painting, Request, read_requests
from stage2.studio import session as session_module
from stage2.studio.session import Hung, Session, describe, short_captions
from stage2.studio.weights import Newest
from stage2.studio.workshop import Workshop


def painting(seed: int, style: str = "cubism", photo: str = "", **asked: object) -> Painting:
    request = Request(style=style, seed=seed, resolution=64, **asked)  # type: ignore[arg-type]
    return Painting(request, "abc", photo=photo, image=Image.new("RGB", (64, 64), (seed, 0, 0)))


def paintings(*seeds: int) -> Iterator[Painting]:
    return iter([painting(seed) for seed in seeds])


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_pictures_hang_one_by_one_with_their_recipes_until_others_are_hung(tmp_path: Path) -> None:
    session = Session()
    assert [len(hung) for hung in session.hang("paint", paintings(1, 2), tmp_path)] == [1, 2]
    assert Origin.read(session.walls["paint"][1].path).request.seed == 2
    list(session.hang("paint", paintings(3), tmp_path))
    assert files(tmp_path) == ["any_cubism_3.png"]


def test_what_is_kept_stays_when_it_is_taken_down_and_goes_when_it_is_removed(tmp_path: Path) -> None:
    session = Session()
    list(session.hang("paint", paintings(1, 2), tmp_path))
    with pytest.raises(UserError, match="click on a picture first"):
        session.chosen_on("paint")
    session.chosen["paint"] = 1
    session.keep(session.chosen_on("paint"))
    list(session.hang("paint", paintings(3), tmp_path))
    assert files(tmp_path) == ["any_cubism_2.png", "any_cubism_3.png"]
    session.remove(session.kept[0])
    assert files(tmp_path) == ["any_cubism_3.png"]


def test_a_second_press_of_keep_or_not_like_this_changes_nothing(stage2_run: Path, tmp_path: Path) -> None:
    shop, session = Workshop(Newest(stage2_run, torch.device("cpu")), tmp_path, tmp_path / "out"), Session()
    one, two = list(session.hang("paint", paintings(1, 2), tmp_path))[-1]
    for _ in range(2):
        shop.keep(one, session)
        session.discard(two)
    assert files(tmp_path / "out") == ["any_cubism_1.png"]
    assert (len(session.kept), len(session.discarded)) == (1, 1)
    assert (one.marks, two.marks) == (" · kept", " · not this")
    session.remove(one)
    assert one.marks == ""


def test_only_so_many_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "MOST_KEPT", 1)
    session = Session()
    one, two = list(session.hang("paint", paintings(1, 2), tmp_path))[-1]
    session.keep(one)
    with pytest.raises(UserError, match="1 pictures are kept, which is the most"):
        session.keep(two)


def test_two_visitors_share_no_pictures_and_no_folder_and_leave_none(tmp_path: Path) -> None:
    blank = Session()
    first, second = copy.deepcopy(blank), copy.deepcopy(blank)
    list(first.hang("paint", paintings(1), tmp_path))
    list(second.hang("paint", paintings(2), tmp_path))
    assert first.folder != second.folder
    assert len(first.folder.name if first.folder else "") == 32
    first.leave()
    assert files(tmp_path) == ["any_cubism_2.png"]
    blank.leave()


def test_a_zip_holds_the_pictures_their_notes_and_requests_that_paint_them_again(tmp_path: Path) -> None:
    session = Session()
    with pytest.raises(UserError, match="nothing is kept yet"):
        session.zipped(tmp_path)
    some = [painting(1, genre="portrait:0.7,landscape:0.3"), painting(2, towards=5, nearby=0.5)]
    for one in list(session.hang("paint", [*some, painting(3, photo="def")], tmp_path))[-1]:
        session.keep(one)
    session.annotate(session.kept[1], "blue, bold \ud800")
    with zipfile.ZipFile(session.zipped(tmp_path)) as archive:
        archive.extractall(tmp_path / "out")
    pictures = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert pictures[0] == "001_portrait-0.7-landscape-0.3_cubism_1.png"
    assert len(pictures) == 3
    read = [series.request for series in read_requests(tmp_path / "out" / "requests.jsonl", Request())]
    assert read == [one.request for one in some]
    assert "differ by 1 of 255" in (tmp_path / "out" / "README.txt").read_text()
    assert f'{pictures[1]},"blue, bold ?"' in (tmp_path / "out" / "notes.csv").read_text()


def test_captions_say_what_differs_and_blends_are_in_per_cent() -> None:
    def hung(**asked: object) -> Hung:
        return Hung(Origin(Request(**asked), "abc"), Path("a.png"))  # type: ignore[arg-type]

    blend = hung(genre="portrait:0.7,landscape:0.3", seed=4)
    assert describe(blend.origin) == "portrait 70%, landscape 30% · any style · seed 4"
    assert short_captions([hung(seed=1), hung(seed=2)]) == ["seed 1", "seed 2"]
    assert short_captions([hung(style="cubism"), hung(style="rococo")]) == ["cubism", "rococo"]
    assert short_captions([hung(), hung(towards=1, nearby=0.3)]) == ["the picture", "near it"]


def test_a_run_that_trains_on_is_painted_with_its_newest_export(stage2_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(stage2_run, tmp_path / "run"))
    newest = Newest(run, torch.device("cpu"))
    before = newest.painter()
    assert newest.painter() is before
    config = run / "export" / "config.json"
    values = config.read_text()
    config.write_text("half of it")
    os.utime(config, ns=(1, 1))
    assert newest.painter() is before
    change_weights(run / "export")
    config.write_text(values)
    os.utime(config, ns=(2, 2))
    assert newest.painter().weights == Painter.load(run).weights != before.weights


def test_a_painting_stands_beside_the_nearest_of_any_size_that_the_dataset_has(
    stage2_run: Path, procedural_dataset: Path, tmp_path: Path
) -> None:
    shop = Workshop(Newest(stage2_run, torch.device("cpu")), tmp_path, None, procedural_dataset)
    [hung] = list(Session().hang("paint", [painting(3)], tmp_path))[-1]
    hung.origin = replace(hung.origin, request=replace(hung.origin.request, resolution=256))
    width, height = shop.beside_nearest(hung).size
    assert width > 2 * height
