"""Exports that travel: they paint the same, replace only exports, appear whole or not at all, and reach the hub."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from hub_server import Hub
from safetensors.torch import load_file, save_file

from common.errors import UserError
from stage2 import Painter
from stage2.sharing.exporting import export_run, push, require_hub

# The hub's client hands large files to its own HTTP library in a way that this calls old.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def pictures(folder: Path) -> np.ndarray:
    return np.stack([np.asarray(one.image, dtype=np.int16) for one in Painter.load(folder).paint("portrait", count=4)])


def test_the_export_of_a_pair_paints_the_same_and_holds_what_painting_reads(stage2_run: Path, tmp_path: Path) -> None:
    assert export_run(stage2_run, tmp_path / "out") == {}
    one = ["config.json", "critic.safetensors", "generator.safetensors"]
    assert files(tmp_path / "out") == [*one, *(f"stage1/{name}" for name in one)]
    assert np.array_equal(pictures(tmp_path / "out"), pictures(stage2_run))
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_the_export_of_stage1_alone_paints_64_pixels(stage1_run: Path, tmp_path: Path) -> None:
    export_run(stage1_run / "export", tmp_path / "out")
    assert Painter.load(tmp_path / "out").resolutions == (64,)
    assert np.array_equal(pictures(tmp_path / "out"), pictures(stage1_run))


def test_half_precision_halves_the_files_and_moves_a_colour_by_less_than_one_of_255(
    stage2_run: Path, tmp_path: Path
) -> None:
    export_run(stage2_run, tmp_path / "out", half=True)
    whole, half = (folder / "stage1" / "critic.safetensors" for folder in (stage2_run / "export", tmp_path / "out"))
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    assert {str(tensor.dtype) for tensor in load_file(tmp_path / "out" / "generator.safetensors").values()} == {
        "torch.float16"
    }
    # Rounded to whole colours, less than one may still be one.
    assert np.abs(pictures(tmp_path / "out") - pictures(stage2_run)).max() <= 1


def test_weights_too_large_for_half_precision_are_named(stage2_run: Path, tmp_path: Path) -> None:
    shutil.copytree(stage2_run / "export", tmp_path / "loud")
    path = tmp_path / "loud" / "generator.safetensors"
    weights = load_file(path)
    weights["stem.bias"] += 1e6
    save_file(weights, path)
    with pytest.raises(UserError, match=r"stem\.bias is too large for half precision"):
        export_run(tmp_path / "loud", tmp_path / "out", half=True)
    assert not (tmp_path / "out").exists()


def test_the_best_weights_are_those_of_best(stage2_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"logging\.fid_every"):
        export_run(stage2_run, tmp_path / "out", best=True)
    run = tmp_path / "run"
    shutil.copytree(stage2_run, run)
    shutil.copytree(run / "export", run / "best")
    (run / "export" / "generator.safetensors").unlink()
    export_run(run, tmp_path / "out", best=True)
    assert np.array_equal(pictures(tmp_path / "out"), pictures(stage2_run))


def test_an_export_is_replaced_only_when_asked(stage1_run: Path, stage2_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    export_run(stage1_run, out)
    with pytest.raises(UserError, match="--overwrite"):
        export_run(stage2_run, out)
    assert Painter.load(out).resolutions == (64,)
    export_run(stage2_run, out, overwrite=True)
    assert Painter.load(out).resolutions == (64, 128)


@pytest.mark.parametrize("content", ["notes.txt", "config.json"])
def test_a_folder_that_is_no_export_is_never_replaced(content: str, stage1_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / content).write_text("{}")
    with pytest.raises(UserError, match="which is not part of an export"):
        export_run(stage1_run, out, overwrite=True)
    assert files(out) == [content]


@pytest.mark.parametrize("name", ["notes.txt", "stage1/notes.txt", "other-model.onnx"])
def test_what_lies_beside_an_export_is_not_lost(name: str, stage2_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_run(stage2_run, out)
    (out / name).write_text("mine")
    with pytest.raises(UserError, match=f"{name}, which is not part of an export"):
        export_run(stage2_run, out, overwrite=True)
    assert (out / name).read_text() == "mine"


def test_a_runs_own_export_is_not_replaced_by_itself(stage2_run: Path) -> None:
    for out in (stage2_run / "export", stage2_run, stage2_run / "export" / "stage1"):
        with pytest.raises(UserError, match="another folder"):
            export_run(stage2_run, out, half=True, overwrite=True)


@pytest.mark.parametrize("broken", ["generator.safetensors", "critic.safetensors", "stage1/critic.safetensors"])
def test_broken_weights_are_named_and_leave_nothing(broken: str, stage2_run: Path, tmp_path: Path) -> None:
    shutil.copytree(stage2_run / "export", tmp_path / "source")
    (tmp_path / "source" / broken).write_bytes(b"not weights")
    with pytest.raises(UserError, match=broken):
        export_run(tmp_path / "source", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "not a token")


def test_a_missing_login_or_package_is_answered_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(UserError, match="hf auth login"):
        require_hub("owner/name")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match=r'the hub needs huggingface_hub; .*pip install -e "\.\[hugging-face\]"'):
        require_hub("owner/name")


@pytest.mark.usefixtures("logged_in")
def test_a_name_that_the_hub_would_refuse_is_refused() -> None:
    require_hub("owner/name")
    with pytest.raises(UserError, match="write OWNER/NAME") as caught:
        require_hub("owner/name/more")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("logged_in")
def test_what_cannot_be_pushed_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise huggingface_hub.errors.OfflineModeIsEnabled("no way out\nat all")

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", refuse)
    with pytest.raises(UserError, match=r"was written, but could not be uploaded to owner/name: no way out$"):
        push(tmp_path, "owner/name")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "painter" / "stage1").mkdir(parents=True)
    (tmp_path / "painter" / "README.md").write_text("---\nlicense: cc0-1.0\n---\nPaints.\n", encoding="utf-8")
    (tmp_path / "painter" / "generator.safetensors").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "painter" / "stage1" / "config.json").write_text("{}", encoding="utf-8")
    return tmp_path / "painter"


def test_a_folder_arrives_whole_in_a_repository_that_is_private_where_it_is_new(hub: Hub, folder: Path) -> None:
    assert push(folder, "owner/name") == f"{hub.address}/owner/name"
    assert hub.created["name"] == "name"
    assert hub.created["organization"] == "owner"
    assert hub.created.get("private") is True or hub.created.get("visibility") == "private"
    sent = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert hub.repository == sent


def test_a_push_that_breaks_off_among_the_large_files_is_said_in_one_line(hub: Hub, folder: Path) -> None:
    hub.full = True
    with pytest.raises(UserError, match=r"was written, but could not be uploaded to owner/name: .*413") as caught:
        push(folder, "owner/name")
    assert "\n" not in str(caught.value)
    assert not hub.repository
