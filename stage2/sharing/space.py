"""A folder that runs as a Space on the Hugging Face hub as it is: the studio, its packages, and a painter."""

from __future__ import annotations

import shutil
import tomllib
from importlib import metadata
from pathlib import Path

import yaml

from common.errors import UserError, missing_package

PROJECT = Path(__file__).parents[2]
PACKAGES = ("common", "stage1", "stage2")
PAINTER = "painter"
"""The folder of the export inside."""
APP = f'''"""The studio: a page on which one paints, with the weights in the folder {PAINTER}."""

import os
from pathlib import Path

from stage2.studio.serving import serve

if __name__ == "__main__":
    serve(Path(__file__).with_name("{PAINTER}"), host=os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0"))
'''
FILES = ("app.py", "requirements.txt", "README.md")


def is_of_space(name: str) -> bool:
    """Return True for the name of a file, relative to a Space's folder, that `write_around` writes."""
    return name in FILES or name.split("/")[0] in PACKAGES


def require_project() -> None:
    """Raise UserError if the gradio to name, or the list of the packages to install, is missing."""
    if not (PROJECT / "pyproject.toml").is_file():
        raise UserError("a Space takes the project's pyproject.toml along; export from a clone of the project")
    try:
        metadata.version("gradio")
    except metadata.PackageNotFoundError:
        raise missing_package("a Space", "gradio", extra="studio") from None


def write_around(folder: Path, title: str, *, license: str | None = None) -> None:
    """Write what makes a Space of a folder that holds the export `PAINTER`."""
    for package in PACKAGES:
        unwanted = shutil.ignore_patterns("__pycache__", "weights", "README.md")
        shutil.copytree(PROJECT / package, folder / package, ignore=unwanted)
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["formats"]]
    (folder / "requirements.txt").write_text("".join(f"{one}\n" for one in needed), encoding="utf-8")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    front = {
        "title": title,
        "emoji": "🎨",
        "colorFrom": "indigo",
        "colorTo": "gray",
        "sdk": "gradio",
        "sdk_version": metadata.version("gradio"),
        "app_file": "app.py",
        **({"license": license} if license else {}),
    }
    text = f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n\n# {title}\n\n"
    text += (
        f"A page on which one paints. The weights are in `{PAINTER}`; `python app.py` opens it elsewhere, too, once\n"
    )
    text += "gradio and what `requirements.txt` lists are installed.\n"
    (folder / "README.md").write_text(text, encoding="utf-8")
