"""The pages that people read: their commands are understood, their links lead somewhere, their maps are complete."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from commands import Command, helps

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *(page for top in ("common", "scripts", "stage1", "stage2") for page in sorted((ROOT / top).rglob("*.md"))),
]
WORK = (
    "common.data.dataset.PaintingDataset.__init__",
    "common.preparing.sources.opening.open_source",
    "stage2.sharing.exporting.export_run",
    "stage2.painter.painter.Painter.load",
)
"""Where each command, having understood what it was asked, begins its work."""


class WorkBegins(Exception):
    """The command line and the settings were understood."""


def begin(*_: object, **__: object) -> NoReturn:
    raise WorkBegins


def commands(page: Path) -> list[tuple[str, list[str]]]:
    """Script and arguments of each command line in a page's blocks of code."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    shell = [block for language, block in blocks if language in {"", "bash"}]
    lines = [line for block in shell for line in block.replace("\\\n", " ").splitlines()]
    found = [re.search(r"scripts/(\w+\.py)(.*)", line) for line in lines if not line.startswith("#")]
    return [(match[1], shlex.split(match[2].partition(" > ")[0])) for match in found if match]


SHOWN = [(script, arguments) for page in PAGES for script, arguments in commands(page)]


@pytest.mark.parametrize(
    ("script", "arguments"), SHOWN, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_every_command_on_a_page_is_understood(
    script: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "scripts")
    for place in WORK:
        monkeypatch.setattr(place, begin)
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    with pytest.raises(WorkBegins):
        runpy.run_path(str(ROOT / "scripts" / script), run_name="__main__")


def test_the_pages_show_every_command() -> None:
    typed = {path.name for path in (ROOT / "scripts").glob("*.py")} - {
        "command_line.py",
        "painting_options.py",
        "readme_pictures.py",
        "scaling.py",
        "train_lightweight_gan.py",
    }
    assert {script for script, _ in commands(ROOT / "scripts" / "README.md")} == typed


@pytest.mark.parametrize("script", sorted({script for script, _ in commands(ROOT / "scripts" / "README.md")}))
def test_every_option_in_a_table_of_a_command_exists(script: str, command: Command) -> None:
    text = (ROOT / "scripts" / "README.md").read_text(encoding="utf-8")
    sections = [part for part in re.split(r"^## ", text, flags=re.MULTILINE) if script in part.partition("\n")[0]]
    cells = [cell for part in sections for cell in re.findall(r"^\| (`--.*?) \| ", part, flags=re.MULTILINE)]
    known = set(re.findall(r"--[a-z0-9-]+", " ".join(helps(command, script))))
    assert set(re.findall(r"--[a-z0-9-]+", " ".join(cells))) <= known | {"--stage1"}


def anchors(page: Path) -> set[str]:
    """What a page's headings are linked by."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)#]*)#?([^)]*)\)", page.read_text(encoding="utf-8"))
    targets = [((page.parent / path).resolve() if path else page, anchor) for path, anchor in links]
    assert [str(target) for target, _ in targets if not target.exists()] == []
    assert [anchor for target, anchor in targets if anchor and anchor not in anchors(target)] == []


@pytest.mark.parametrize("package", ["common", "stage1", "stage2"])
def test_the_map_of_a_package_names_its_files_and_no_others(package: str) -> None:
    text = (ROOT / package / "README.md").read_text(encoding="utf-8")
    mapped = set()
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        room = match[1] if (match := re.match(r"(\w+/):", section)) else ""
        cells = re.findall(r"^\| (`[^|]*) \|", section, flags=re.MULTILINE)
        mapped |= {room + name for cell in cells for name in re.findall(r"`([\w/]+\.py)`", cell)}
    files = {path.relative_to(ROOT / package).as_posix() for path in (ROOT / package).rglob("*.py")}
    assert mapped == {name for name in files if not name.endswith("__init__.py") and "procedural/" not in name}
