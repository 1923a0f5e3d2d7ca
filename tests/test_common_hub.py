"""The hub: what is missing costs one line, before any work; nothing here reaches the network."""

from __future__ import annotations

import sys
from pathlib import Path

import huggingface_hub
import pytest

from common.errors import UserError
from common.hub import push, require_hub


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "not a token")


def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match=r"atelier\[hugging-face\]"):
        require_hub("owner/name")


def test_a_missing_login_is_answered_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(UserError, match="hf auth login"):
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
    with pytest.raises(UserError, match=r"is written, but could not be pushed to owner/name: no way out$"):
        push(tmp_path, "owner/name")


@pytest.mark.usefixtures("logged_in")
def test_a_folder_is_pushed_into_a_repository_that_is_private_where_it_is_new(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, object] = {}

    def create(_: object, name: str, *, exist_ok: bool, private: bool) -> str:
        asked.update(name=name, exist_ok=exist_ok, private=private)
        return f"address of {name}"

    def upload(_: object, *, repo_id: str, folder_path: Path, commit_message: str) -> None:
        asked.update(repo_id=repo_id, folder_path=folder_path)

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", create)
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload)
    assert push(tmp_path, "owner/name") == "address of owner/name"
    assert asked == {
        "name": "owner/name", "exist_ok": True, "private": True, "repo_id": "owner/name", "folder_path": tmp_path,
    }  # fmt: skip
