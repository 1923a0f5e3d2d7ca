"""The hub: what is missing costs one line, before any work; nothing here reaches the network."""

from __future__ import annotations

import sys
from pathlib import Path

import huggingface_hub
import pytest
from hub_server import Hub

from common.errors import UserError
from stage2.sharing.hub import push, require_hub

# The client hands large files to its own HTTP library in a way that this calls old.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


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
