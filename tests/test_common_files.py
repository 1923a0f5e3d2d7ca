"""Folders that appear whole or not at all."""

from __future__ import annotations

import subprocess
import sys
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


def test_two_that_build_one_folder_do_not_meet(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    build = "import sys; from pathlib import Path; from common.files import whole_folder\n"
    build += "with whole_folder(Path(sys.argv[1])) as building: (building / 'theirs').touch()"
    with whole_folder(target) as building:
        (building / "ours").touch()
        subprocess.run([sys.executable, "-c", build, str(target)], check=True)
        assert [path.name for path in target.iterdir()] == ["theirs"]
    assert [path.name for path in target.iterdir()] == ["ours"]
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    build = "import os, sys; from pathlib import Path; from common.files import whole_folder\n"
    build += "with whole_folder(Path(sys.argv[1])): os._exit(9)"
    target = tmp_path / "fol[d]er"
    subprocess.run([sys.executable, "-c", build, str(target)], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    with whole_folder(target):
        pass
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_take_its_place_gives_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").touch()
    rename = Path.rename

    def fail(path: Path, to: Path) -> Path:
        if path.name.endswith(".partial"):
            raise OSError(28, "No space left on device")
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="No space left"), whole_folder(target) as building:
        (building / "new").touch()
    assert [path.name for path in target.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [target]
