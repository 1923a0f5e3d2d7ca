"""A folder that runs as a Space: complete, replaced only if nothing else lies in it, and it serves the page."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml
from hub_server import Hub

from common.errors import UserError
from stage2.painter.painter import Painter
from stage2.sharing.exporting import export_run, push


@pytest.fixture(scope="module")
def space(stage2_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("space") / "space"
    export_run(stage2_run, out, space=True, license="cc0-1.0")
    return out


def test_it_names_what_runs_it_and_holds_the_painter(space: Path, stage2_run: Path) -> None:
    front = yaml.safe_load((space / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert (front["sdk"], front["app_file"], front["license"]) == ("gradio", "app.py", "cc0-1.0")
    assert (space / front["app_file"]).is_file()
    assert "torch>" in (space / "requirements.txt").read_text(encoding="utf-8")
    assert Painter.load(space / "painter").weights == Painter.load(stage2_run).weights
    assert not [*space.rglob("__pycache__"), *space.glob("stage*/weights")]


def test_it_is_replaced_on_request_but_not_with_what_somebody_put_there(stage2_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "space"
    export_run(stage2_run, out, space=True)
    with pytest.raises(UserError, match="already holds an export"):
        export_run(stage2_run, out, space=True)
    export_run(stage2_run, out, space=True, overwrite=True)
    (out / ".git").mkdir()
    (out / ".git" / "config").touch()
    with pytest.raises(UserError, match=r"\.git/config, which is not part of an export"):
        export_run(stage2_run, out, space=True, overwrite=True)


def test_it_serves_the_page_from_its_own_copy_of_the_project(space: Path, tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin", "TMPDIR": str(tmp_path), "GRADIO_SERVER_NAME": "127.0.0.1"}
    where = [sys.executable, "-c", "import stage2; print(stage2.__file__)"]
    assert subprocess.check_output(where, cwd=space, env=environment, text=True).startswith(str(space))
    command = [sys.executable, "app.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=space, env=environment) as serving:
        try:
            assert serving.stdout is not None
            address = serving.stdout.readline().split()[4]
            with urllib.request.urlopen(address) as answer:
                assert b"gradio" in answer.read()
        finally:
            serving.terminate()
    assert serving.returncode == 0


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_it_is_pushed_as_a_space(hub: Hub, space: Path) -> None:
    push(space, "owner/name", space=True)
    assert (hub.created["type"], hub.created["sdk"]) == ("space", "gradio")
    assert {"app.py", "painter/generator.safetensors", "stage2/studio/page.py"} <= set(hub.repository)
