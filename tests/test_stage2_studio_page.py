"""The page in a real browser, as `scripts/studio.py` serves it; and what it refuses."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from commands import Command
from PIL import Image
from tiny_data import random_picture

from common.errors import UserError
from stage2.painter.requests import Origin
from stage2.studio.controls import Labels, blend, seed_of, sentence
from stage2.studio.pad_tab import corner_blend
from stage2.studio.workshop import uploaded

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium")
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
WIDTHS = (1280, 390)
PATIENCE = 60_000
"""Milliseconds; the machine may be busy."""


@contextlib.contextmanager
def studio(
    weights: Path, temporary: Path, *options: str | Path, script: Path = ROOT / "scripts" / "studio.py"
) -> Iterator[str]:
    """The address of the page, served by the command as a user starts it."""
    temporary.mkdir(exist_ok=True)
    command = [sys.executable, script, "--weights", weights, *options]
    environment = {"PATH": "/usr/bin", "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}
    # Elsewhere, so that a file beside the page would show.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=temporary, env=environment) as serving:
        try:
            assert serving.stdout is not None
            line = serving.stdout.readline()
            assert line.startswith("the studio is at http://127.0.0.1:"), line
            yield line.split()[4]
        finally:
            serving.terminate()
    assert serving.returncode == 0


@pytest.fixture(scope="module")
def address(stage2_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    out = tmp_path_factory.mktemp("studio")
    (out / "kept").mkdir()
    with studio(stage2_run, out / "temporary", "--out", out / "kept") as address:
        yield address
        # Uploads leave nothing behind.
        assert [path for path in (out / "temporary").rglob("*") if path.is_file() and path.stat().st_size == 0] == []
    # Nothing stays but what was kept in the folder that was named.
    assert [path.name for path in (out / "temporary").iterdir()] == []
    assert all(Origin.read(path).weights for path in (out / "kept").iterdir())


class Visitor:
    """A browser that may reach this machine alone, on the page."""

    def __init__(self, browser: Any, address: str, width: int) -> None:
        self.strange: list[str] = []
        self.context = browser.new_context(viewport={"width": width, "height": 900})
        self.context.set_default_timeout(PATIENCE)
        self.context.route("**/*", self._pass)
        self.page = self.context.new_page()
        self.page.on("console", lambda said: said.type == "error" and self.strange.append(said.text))
        self.page.goto(address)
        self.button("Paint").wait_for()

    def _pass(self, route: Any) -> None:
        if route.request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            route.continue_()
        else:
            self.strange.append(route.request.url)
            route.abort()

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True).locator("visible=true")

    def tab(self, name: str) -> None:
        tab = self.page.get_by_role("tab", name=name, exact=True)
        if tab.is_visible():
            tab.click()
        else:
            self.page.locator(".overflow-menu > button").first.click()
            self.page.locator(".overflow-dropdown button", has_text=name).click()

    def choose(self, label: str, *names: str) -> None:
        self.page.get_by_label(label, exact=True).locator("visible=true").click()
        for name in names:
            self.page.keyboard.type(name)
            self.page.keyboard.press("Enter")
        self.page.keyboard.press("Escape")

    def cells(self, wall: str, count: int) -> Any:
        """The pictures of a wall, once there are as many."""
        found = self.page.locator(f"#{wall}-wall button[data-cell]")
        found.nth(count - 1).wait_for()
        self.page.wait_for_function(
            f"[...document.querySelectorAll('#{wall}-wall img')].every(one => one.complete && one.naturalWidth)"
        )
        assert found.count() == count
        return found

    def opens_in_paint(self) -> None:
        """Click until the tab opens: on a busy machine a click may come while the page draws the button anew."""
        from playwright.sync_api import TimeoutError

        chosen = self.page.locator("[role=tab][aria-selected=true]", has_text="Paint")
        for _ in range(5):
            self.button("Open in Paint").click()
            with contextlib.suppress(TimeoutError):
                chosen.wait_for(timeout=PATIENCE // 5)
                return
        chosen.wait_for()

    def says(self, text: str) -> None:
        self.page.get_by_text(text).locator("visible=true").first.wait_for()

    def downloaded(self, name: str) -> bytes:
        with self.page.expect_download() as download:
            self.button(name).click()
        return Path(download.value.path()).read_bytes()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # The sandbox cannot start as root.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Any, address: str, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    one = Visitor(browser, address, getattr(request, "param", WIDTHS[0]))
    yield one
    wide = one.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    one.context.close()
    assert one.strange == []
    assert wide <= 0


@in_a_browser
@pytest.mark.parametrize("visitor", WIDTHS, indirect=True)
def test_one_paints_a_blend_sees_it_in_other_styles_keeps_it_and_takes_it_home(visitor: Visitor) -> None:
    visitor.choose("Genre", "portrait", "landscape")
    visitor.page.get_by_label("How much landscape").first.wait_for()
    visitor.button("Paint").click()
    cells = visitor.cells("paint", 4)
    # A phone scrolls to them.
    visitor.page.wait_for_function("document.querySelector('#paint-wall').getBoundingClientRect().y < innerHeight / 3")
    cells.nth(1).click()
    visitor.says("portrait 50%, landscape 50% · any style · seed 1 · 128 pixels")
    visitor.button("Keep").click()
    visitor.says("Kept.")
    cells.nth(1).get_by_text("seed 1 · kept").wait_for()
    visitor.button("Other styles").click()
    visitor.page.locator("#paint-wall button", has_text="cubism").click()
    visitor.says("Chosen: portrait 50%, landscape 50% · cubism · seed 1")
    visitor.tab("Kept")
    visitor.page.locator("#kept-wall button").click()
    visitor.page.get_by_label("Note on the chosen picture").fill("the one")
    visitor.button("Make a zip of all").click()
    with zipfile.ZipFile(io.BytesIO(visitor.downloaded("Download kept.zip"))) as archive:
        assert archive.namelist()[1:] == ["requests.jsonl", "notes.csv", "README.txt"]
        assert "the one" in archive.read("notes.csv").decode()
        assert '"seed": 1' in archive.read("requests.jsonl").decode()


@in_a_browser
def test_what_one_keeps_and_discards_chooses_what_comes_next(visitor: Visitor) -> None:
    visitor.button("Paint").click()
    visitor.cells("paint", 4).nth(2).click()
    visitor.says("seed 2 ·")
    visitor.page.get_by_label("Follow my taste").check()
    visitor.button("Paint").click()
    visitor.says("your taste is not known yet")
    assert visitor.page.locator(".toast-body.error, .error").count() == 0
    visitor.button("Keep").click()
    visitor.says("Kept.")
    visitor.cells("paint", 4).nth(0).click()
    visitor.says("seed 0 ·")
    visitor.button("Not like this").click()
    visitor.says("Noted")
    visitor.button("Paint").click()
    from playwright.sync_api import expect

    expect(visitor.page.locator("#paint-wall button").filter(has_text="seed 0")).to_have_count(0, timeout=PATIENCE)
    # Of sixteen, the one that is kept is among those that resemble it most.
    assert "seed 2" in [cell.strip() for cell in visitor.cells("paint", 4).all_inner_texts()]


@in_a_browser
@pytest.mark.parametrize("visitor", WIDTHS, indirect=True)
def test_a_photo_is_painted_in_every_style_in_its_own_shape(visitor: Visitor, tmp_path: Path) -> None:
    random_picture(3, 400, 300).save(tmp_path / "photo.jpg")
    visitor.tab("Your own picture")
    visitor.button("Paint it").click()
    visitor.says("choose a picture or draw one first")
    visitor.page.locator("[role=tabpanel]:visible input[type=file]").set_input_files(tmp_path / "photo.jpg")
    visitor.says("To be painted")
    visitor.button("Paint it").click()
    visitor.cells("photo", 6)
    with Image.open(io.BytesIO(visitor.downloaded("Download (PNG)"))) as picture:
        assert picture.size == (171, 128)
        assert picture.info["photo"]
    visitor.page.get_by_label("Clear", exact=True).locator("visible=true").first.click()
    visitor.page.get_by_text("To be painted").locator("visible=true").wait_for(state="hidden")


@in_a_browser
def test_a_file_that_is_no_picture_is_answered_with_a_sentence(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    visitor.tab("Your own picture")
    visitor.page.locator("[role=tabpanel]:visible input[type=file]").set_input_files(tmp_path / "text.jpg")
    visitor.says("text.jpg cannot be used (is not a picture in a supported format); choose another picture")
    random_picture(3, 40, 30).save(tmp_path / "plain.png")
    visitor.tab("Recipe")
    visitor.page.locator("[role=tabpanel]:visible input[type=file]").set_input_files(tmp_path / "plain.png")
    visitor.says("That did not work: plain.png holds no recipe")


@in_a_browser
def test_a_drawing_is_painted(visitor: Visitor) -> None:
    visitor.tab("Your own picture")
    visitor.page.get_by_text("Or draw one").click()
    box = visitor.page.locator(".sketch canvas").bounding_box()
    visitor.page.mouse.move(box["x"] + 30, box["y"] + 30)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + 120, box["y"] + 90, steps=4)
    visitor.page.mouse.up()
    visitor.says("To be painted")
    visitor.choose("Style", "cubism")
    visitor.button("Paint it").click()
    visitor.says("any genre · cubism · seed 0 · 128 pixels")
    visitor.page.locator(".sketch .clear").click()
    visitor.page.get_by_text("To be painted").locator("visible=true").wait_for(state="hidden")
    visitor.button("Paint it").click()
    visitor.says("choose a picture or draw one first")


@in_a_browser
def test_a_recipe_is_painted_again_to_the_pixel_and_opens_in_paint(visitor: Visitor, tmp_path: Path) -> None:
    visitor.page.get_by_label("Seed", exact=True).first.fill("41")
    visitor.choose("Style", "cubism")
    visitor.button("Paint").click()
    visitor.cells("paint", 4).nth(2).click()
    visitor.says("seed 43")
    (tmp_path / "mine.png").write_bytes(visitor.downloaded("Download (PNG)"))
    visitor.tab("Recipe")
    visitor.page.locator("[role=tabpanel]:visible input[type=file]").set_input_files(tmp_path / "mine.png")
    visitor.button("Paint it again").click()
    visitor.says("Every pixel is the same.")
    visitor.opens_in_paint()
    visitor.says("any genre · cubism · seed 43")
    from playwright.sync_api import expect

    expect(visitor.page.get_by_label("Seed", exact=True).first).to_have_value("43", timeout=PATIENCE)


@in_a_browser
@pytest.mark.parametrize("visitor", WIDTHS, indirect=True)
def test_a_cell_of_the_sheet_opens_in_paint_and_the_pad_follows_the_keyboard(visitor: Visitor) -> None:
    visitor.tab("Sheet")
    visitor.button("Paint the sheet").click()
    visitor.page.locator("#sheet button[data-cell='8']").wait_for()
    visitor.page.locator("#sheet button[data-cell='5']").click()
    visitor.says("seed 0 · 128 pixels")
    visitor.tab("Pad")
    visitor.page.locator(".pad").focus()
    visitor.page.keyboard.press("ArrowLeft")
    visitor.page.keyboard.press("ArrowLeft")
    visitor.says("30%")
    visitor.says("20%")


@in_a_browser
def test_a_walk_goes_through_what_was_kept(visitor: Visitor) -> None:
    visitor.tab("Walk")
    visitor.button("Walk").click()
    visitor.says("a walk needs two pictures or more")
    visitor.tab("Paint")
    visitor.button("Paint").click()
    for place in (0, 3):
        visitor.cells("paint", 4).nth(place).click()
        visitor.says(f"seed {place} · 128 pixels")
        visitor.button("Keep").click()
        visitor.says("Kept.")
    visitor.tab("Walk")
    visitor.says("2: any genre")
    visitor.button("Walk").click()
    visitor.page.get_by_alt_text("The walk").wait_for()
    with Image.open(io.BytesIO(visitor.downloaded("Download"))) as walk:
        assert (walk.format, walk.size, getattr(walk, "n_frames", 0) > 12) == ("GIF", (128, 128), True)
    visitor.page.get_by_label("MP4").locator("visible=true").check()
    visitor.button("Walk").click()
    visitor.page.locator("video").wait_for()
    assert visitor.downloaded("Download")[4:8] == b"ftyp"


@in_a_browser
def test_stop_ends_what_is_being_painted(browser: Any, stage2_run: Path, tmp_path: Path) -> None:
    with studio(stage2_run, tmp_path / "temporary", script=ROOT / "tests" / "slow_studio.py") as address:
        one = Visitor(browser, address, WIDTHS[0])
        one.page.get_by_label("number input for How many").fill("100")
        one.button("Paint").dispatch_event("click")
        cells = one.page.locator("#paint-wall button[data-cell]")
        cells.nth(2).wait_for()
        one.button("Stop").dispatch_event("click")
        one.page.wait_for_timeout(3000)
        painted = cells.count()
        one.page.wait_for_timeout(2000)
        assert cells.count() == painted < 100
        one.tab("Sheet")
        for before in (0, 2000):
            one.button("Paint the sheet").dispatch_event("click")
            one.page.wait_for_timeout(500 + before)
            one.button("Stop").dispatch_event("click")
            one.page.wait_for_timeout(1500)
            assert one.page.locator("#sheet .error, .toast-body").count() == 0
        assert one.strange == []
        one.context.close()


@in_a_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_systems_light_or_dark(browser: Any, address: str, scheme: str) -> None:
    page = browser.new_context(color_scheme=scheme).new_page()
    page.goto(address)
    page.get_by_role("button", name="Paint", exact=True).wait_for()
    shades = "name => getComputedStyle(document.body)[name].match(/\\d+/g).slice(0, 3)"
    background, text = (sum(map(int, page.evaluate(shades, name))) for name in ("backgroundColor", "color"))
    assert (background < text) == (scheme == "dark")
    assert abs(background - text) > 400
    page.context.close()


@in_a_browser
def test_many_visitors_at_once_are_served_in_turn_each_with_what_they_asked_for(browser: Any, address: str) -> None:
    visitors = [Visitor(browser, address, WIDTHS[0]) for _ in range(5)]
    for number, one in enumerate(visitors):
        one.page.get_by_label("Seed", exact=True).locator("visible=true").fill(str(100 * number))
    for one in visitors:
        one.button("Paint").dispatch_event("click")
    for number, one in enumerate(visitors):
        shown = one.cells("paint", 4).all_inner_texts()
        assert [text.strip() for text in shown] == [f"seed {100 * number + place}" for place in range(4)]
        assert one.strange == []
        one.context.close()


@in_a_browser
def test_two_visitors_do_not_see_each_others_pictures(browser: Any, address: str) -> None:
    one, other = Visitor(browser, address, 1280), Visitor(browser, address, 1280)
    one.button("Paint").click()
    one.cells("paint", 4)
    one.button("Keep").click()
    one.says("Kept.")
    other.tab("Kept")
    assert other.page.locator("#kept-wall button, #paint-wall button").count() == 0
    for each in (one, other):
        each.context.close()


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/file=/etc/passwd",
        "gradio_api/file=/proc/self/environ",
        f"gradio_api/file={ROOT}/pyproject.toml",
        f"gradio_api/file={ROOT}/stage2/weights/config.json",
        "gradio_api/file=../../../etc/passwd",
        "gradio_api/file=%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "gradio_api/file=http://127.0.0.1:1/",
        "static/..%2f..%2f..%2f..%2fetc/passwd",
        "assets/..%2f..%2fpackage.json",
        "theme.css/../../etc/passwd",
        "monitoring",
    ],
)
def test_no_path_leads_out_of_the_pages_own_folder(address: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}{path}", timeout=60)
    refused.value.close()
    assert refused.value.code in {400, 401, 403, 404, 405}


@pytest.mark.slow
def test_a_visitor_without_the_password_gets_nothing(stage2_run: Path, tmp_path: Path) -> None:
    with studio(stage2_run, tmp_path / "temporary", "--auth", "me:secret") as address:
        for path in ("config", "gradio_api/file=/etc/passwd", "gradio_api/upload"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{address}{path}", timeout=60)
            refused.value.close()
            assert refused.value.code in {401, 405}


def test_others_are_let_in_by_a_password_alone(command: Command) -> None:
    for host in ("0.0.0.0", "192.168.1.2", "::", "example.org"):
        assert f"--host {host} lets others in; add --auth USER:PASSWORD" in command.refused("studio.py", "--host", host)
    assert "write USER:PASSWORD" in command.refused("studio.py", "--auth", "me")
    assert "scripts/train_stage2.py" in command.refused("studio.py", "--weights", "nowhere")


def test_labels_become_a_request_and_corners_a_blend() -> None:
    assert (blend([]), blend(["portrait"], 30)) == ("any", "portrait")
    assert blend(["portrait", "landscape"], 70, 30, 50) == "portrait:70,landscape:30"
    assert corner_blend("abcd", 0, 0) == "a:1.000"
    assert corner_blend("abcd", 0.5, 0.25) == "a:0.375,b:0.375,c:0.125,d:0.125"


def test_a_sentence_names_files_without_the_folders_of_the_machine() -> None:
    error = UserError("/tmp/at-1/0e/plain.png holds nothing (weights: /home/x/stage2/weights); 3/4, runs/stage2")
    assert sentence(error) == "plain.png holds nothing (weights: weights); 3/4, runs/stage2"


@pytest.mark.parametrize("value", [None, -5, 1.5, 1e20, float("inf"), float("nan")])
def test_a_seed_is_a_whole_number_that_a_browser_can_hold(value: float | None) -> None:
    assert seed_of(41.0) == 41
    with pytest.raises(UserError, match="the seed must be a whole number"):
        seed_of(value)


@pytest.mark.parametrize("text", ["a:x,b", "a:nan,b:inf", "a:0"])
def test_a_blend_that_is_none_is_answered_with_a_sentence(text: str) -> None:
    with gr.Blocks(), pytest.raises(UserError, match="is no blend of labels"):
        Labels("Genre", ["a", "b"]).set_to(text)


def test_an_upload_is_taken_once_and_nothing_else_is(tmp_path: Path) -> None:
    file, other = (tmp_path / name / "photo.png" for name in ("a" * 64, "b" * 32))
    for path in (file, other):
        path.parent.mkdir()
        path.write_bytes(b"picture")
    with uploaded(str(file), tmp_path) as taken:
        assert taken.read_bytes() == b"picture"
    for path in (file, other, tmp_path / "nowhere"):
        with pytest.raises(UserError, match="the upload is gone"), uploaded(str(path), tmp_path):
            pass
    assert other.exists()
