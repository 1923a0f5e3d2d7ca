"""Exports: what is written reads back, and what is broken costs one line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from common.config import settings
from common.errors import UserError
from common.runs.exports import (
    copy_export,
    find_export,
    load_network,
    read_export_config,
    read_export_values,
    weights_hash,
    write_export,
)


@settings
class Painted:
    name: str
    channels: tuple[int, ...]


SETTINGS = Painted(name="größer", channels=(3, 2))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "run" / "export"
    torch.manual_seed(0)
    write_export(folder, SETTINGS, {"generator": nn.Linear(3, 2), "critic": nn.Linear(2, 1)})
    return folder


def test_an_export_holds_its_settings_and_one_file_a_module(export: Path) -> None:
    assert sorted(path.name for path in export.iterdir()) == [
        "config.json",
        "critic.safetensors",
        "generator.safetensors",
    ]
    assert read_export_values(export) == {"name": "größer", "channels": [3, 2]}
    assert read_export_config(export, Painted) == SETTINGS


def test_an_export_without_a_version_reads_and_one_of_a_newer_program_does_not(export: Path) -> None:
    path = export / "config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    assert values.pop("version") == 2
    path.write_text(json.dumps(values))
    assert read_export_config(export, Painted) == SETTINGS
    path.write_text(json.dumps(values | {"version": 3}))
    with pytest.raises(UserError, match=r"config\.json is of version 3, but .* reads up to 2; update the program$"):
        read_export_config(export, Painted)


def linear() -> nn.Linear:
    return nn.Linear(3, 2)


def test_weights_come_back_bit_for_bit_in_the_type_of_the_network(export: Path) -> None:
    torch.manual_seed(0)
    saved, loaded = linear(), load_network(linear, export / "generator.safetensors", "cpu")
    assert torch.equal(loaded.weight, saved.weight)
    assert torch.equal(loaded.bias, saved.bias)
    assert not loaded.training
    write_export(export, SETTINGS, {"generator": saved.half()})
    assert load_network(linear, export / "generator.safetensors", "cpu").weight.dtype == torch.float32


def test_an_export_is_replaced_by_the_next_one(export: Path) -> None:
    path = export / "generator.safetensors"
    first = weights_hash(path)
    write_export(export, Painted(name="new", channels=()), {"generator": linear()})
    assert read_export_config(export, Painted).name == "new"
    assert weights_hash(path) == hashlib.sha256(path.read_bytes()).hexdigest()[:12] != first
    assert not list(export.glob(".*"))


def test_an_export_is_found_by_its_run_and_by_itself_if_it_is_of_the_stage(export: Path) -> None:
    for place in (export.parent, export):
        assert find_export(place, "train") == find_export(place, "train", stage=1) == export
    (export / "config.json").write_text('{"stage": 2}')
    with pytest.raises(UserError, match=r"export belongs to stage 2; give a run or export of stage 1$"):
        find_export(export, "train", stage=1)


def test_a_missing_export_is_answered_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^no run and no export at .*; train one with: accelerate launch train\.py$"):
        find_export(tmp_path, "accelerate launch train.py")
    (tmp_path / "config.yaml").touch()
    with pytest.raises(UserError, match=r"has no export yet; resume it with the command that started it and --resume$"):
        find_export(tmp_path, "accelerate launch train.py")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "is not readable JSON"),
        (b"[" * 100_000, "is not readable JSON"),
        (b"[1]", "holds no settings; export the run again"),
        (None, "is not readable JSON"),
    ],
    ids=["not UTF-8", "deep", "a list", "missing"],
)
def test_a_description_that_does_not_read_costs_one_line(export: Path, content: bytes | None, message: str) -> None:
    (export / "config.json").unlink()
    if content is not None:
        (export / "config.json").write_bytes(content)
    with pytest.raises(UserError, match=r"config\.json") as caught:
        read_export_config(export, Painted)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_description_with_wrong_values_names_them_all(export: Path) -> None:
    (export / "config.json").write_text('{"name": 3, "colour": "red"}')
    with pytest.raises(UserError) as caught:
        read_export_config(export, Painted)
    for part in ("config.json: ", "name: ", "channels is missing", "colour is not a known key"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "build", "reason"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), linear, ""),
        (lambda path: path.unlink(), linear, "No such file"),
        (lambda path: torch.save(linear().state_dict(), path), linear, ""),
        (lambda path: None, lambda: nn.Linear(3, 4), "size mismatch for weight"),
        (lambda path: None, lambda: nn.Sequential(*(linear() for _ in range(50))), "Missing key"),
    ],
    ids=["cut", "missing", "pickle", "other shape", "other layout"],
)
def test_weights_that_do_not_fit_cost_one_line_that_says_why(
    export: Path, spoil: Callable[[Path], object], build: Callable[[], nn.Module], reason: str
) -> None:
    path = export / "generator.safetensors"
    spoil(path)
    with pytest.raises(UserError, match=r"generator\.safetensors does not hold the weights .*; export") as caught:
        load_network(build, path, "cpu")
    text = str(caught.value)
    assert reason in text
    assert "\n" not in text
    assert len(text) < len(str(path)) + 320


def test_weights_that_are_no_numbers_are_refused(export: Path) -> None:
    module = linear()
    torch.nn.init.constant_(module.bias, float("nan"))
    write_export(export, SETTINGS, {"generator": module})
    with pytest.raises(UserError, match="bias has values that are not finite"):
        load_network(linear, export / "generator.safetensors", "cpu")


def test_a_promise_of_terabytes_costs_no_memory_and_one_line(export: Path) -> None:
    with pytest.raises(UserError, match="size mismatch for weight"):
        load_network(lambda: nn.Linear(10**7, 10**7), export / "generator.safetensors", "cpu")
    with pytest.raises(UserError, match=r"config\.json describes networks that cannot be built"):
        load_network(lambda: nn.Linear(10**30, 2), export / "generator.safetensors", "cpu")


def test_a_copy_holds_the_same_files(export: Path, tmp_path: Path) -> None:
    (export / "notes.txt").touch()
    copy_export(export, tmp_path / "copy")
    copied = {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()}
    assert sorted(copied) == ["config.json", "critic.safetensors", "generator.safetensors"]
    assert all(content == (export / name).read_bytes() for name, content in copied.items())


def test_half_precision_is_loaded_into_single_precision_and_counters_stay_whole(tmp_path: Path) -> None:
    saved = nn.BatchNorm2d(3)
    saved.running_mean.fill_(0.1)
    saved.num_batches_tracked.fill_(70_001)
    write_export(tmp_path / "export", SETTINGS, {"generator": saved})
    copy_export(tmp_path / "export", tmp_path / "copy", half=True)
    loaded = load_network(lambda: nn.BatchNorm2d(3), tmp_path / "copy" / "generator.safetensors", "cpu")
    assert loaded.running_mean.dtype == torch.float32
    assert torch.equal(loaded.running_mean, saved.running_mean.half().float())
    assert loaded.num_batches_tracked == 70_001


def test_what_half_precision_cannot_hold_is_named(tmp_path: Path) -> None:
    loud = nn.Linear(1, 1)
    loud.weight.data.fill_(70_000)
    write_export(tmp_path / "export", SETTINGS, {"generator": loud})
    with pytest.raises(UserError, match=r"generator\.safetensors: weight is too large for half precision"):
        copy_export(tmp_path / "export", tmp_path / "copy", half=True)
