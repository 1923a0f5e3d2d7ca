"""Folders that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.files import whole_folder


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder"
    with whole_folder(target) as building:
        (building / "file").write_text("whole")
        assert not target.exists()
    assert (target / "file").read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_replaces_another_of_its_name_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").touch()
    with whole_folder(target) as building:
        (building / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_fails_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").touch()

    def fail() -> None:
        with whole_folder(target) as building:
            (building / "half").touch()
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fail()
    assert [path.name for path in target.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [target]
