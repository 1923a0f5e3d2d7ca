"""Checkpoints: exact, atomic, and no more of them than are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim import Optimizer

from common.errors import UserError
from common.runs.checkpoints import Best, load_newest_checkpoint, save_checkpoint, set_aside_after


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def optimizer_of(module: nn.Module, learning_rate: float = 0.01) -> Optimizer:
    return torch.optim.Adam(module.parameters(), lr=learning_rate, betas=(0.5, 0.9), fused=True)


def learn(module: nn.Module, optimizer: Optimizer, steps: int) -> None:
    for step in range(steps):
        optimizer.zero_grad()
        module(torch.randn(8, 3, generator=torch.Generator().manual_seed(step))).square().sum().backward()
        optimizer.step()


def assert_equal_states(first: nn.Module, second: nn.Module) -> None:
    states = first.state_dict(), second.state_dict()
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        assert value.dtype == states[1][name].dtype
        assert torch.equal(value, states[1][name]), name


def save(folder: Path, step: int, keep: int = 2) -> Path:
    module = network(step)
    return save_checkpoint(folder, step, {"network": module}, {"optimizer": optimizer_of(module)}, keep)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_modules_and_adam_come_back_bit_for_bit_and_go_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    old, other = network(0), network(1)
    old_optimizer, other_optimizer = optimizer_of(old), optimizer_of(other)
    learn(old, old_optimizer, 5)
    learn(other, other_optimizer, 2)
    save_checkpoint(
        tmp_path, 5, {"old": old, "other": other}, {"old_adam": old_optimizer, "other_adam": other_optimizer}, keep=1
    )
    new, new_other = network(2), network(3)
    new_optimizer, new_other_optimizer = optimizer_of(new), optimizer_of(new_other)
    step, _ = load_newest_checkpoint(
        tmp_path, {"old": new, "other": new_other}, {"old_adam": new_optimizer, "other_adam": new_other_optimizer}
    )
    assert step == 5
    assert_equal_states(new, old)
    assert_equal_states(new_other, other)
    for loaded, saved in ((new_optimizer, old_optimizer), (new_other_optimizer, other_optimizer)):
        before, after = saved.state_dict()["state"], loaded.state_dict()["state"]
        assert before.keys() == after.keys()
        for place, moments in before.items():
            assert moments.keys() == after[place].keys()
            assert all(torch.equal(value, after[place][name]) for name, value in moments.items())
    learn(old, old_optimizer, 3)
    learn(new, new_optimizer, 3)
    assert_equal_states(new, old)


def test_an_optimizer_keeps_the_learning_rate_of_its_settings(tmp_path: Path) -> None:
    module = network(0)
    optimizer = optimizer_of(module, learning_rate=0.01)
    learn(module, optimizer, 1)
    save_checkpoint(tmp_path, 1, {"network": module}, {"optimizer": optimizer}, keep=1)
    resumed = optimizer_of(module, learning_rate=0.5)
    load_newest_checkpoint(tmp_path, {"network": module}, {"optimizer": resumed})
    assert resumed.param_groups[0]["lr"] == 0.5


def test_a_checkpoint_before_the_first_step_of_an_optimizer_loads(tmp_path: Path) -> None:
    save(tmp_path, 3)
    module = network(0)
    assert load_newest_checkpoint(tmp_path, {"network": module}, {"optimizer": optimizer_of(module)}) == (3, None)
    assert_equal_states(module, network(3))


@pytest.mark.parametrize("networks", [{"network": nn.Linear(3, 4)}, {"network": network(0), "average": network(1)}])
def test_a_checkpoint_of_other_networks_is_refused_in_a_line_that_says_how_to_go_on(
    networks: dict[str, nn.Module], tmp_path: Path
) -> None:
    checkpoint = save(tmp_path / "run" / "checkpoints", 1)
    message = rf"step-00000001 holds other networks than .*config\.yaml describes.* --start-from {tmp_path / 'run'} and"
    with pytest.raises(UserError, match=message):
        load_newest_checkpoint(checkpoint.parent, networks, {})


def test_only_the_newest_are_kept_and_the_newest_is_loaded(tmp_path: Path) -> None:
    for step in (2, 900, 10_000):
        save(tmp_path, step)
    assert names(tmp_path) == ["step-00000900", "step-00010000"]
    module = network(0)
    assert load_newest_checkpoint(tmp_path, {"network": module}, {}) == (10_000, None)
    assert_equal_states(module, network(10_000))


def test_the_best_is_kept_beside_the_newest_and_remembered(tmp_path: Path) -> None:
    best = Best(step=2, fid=12.5, samples=100)
    for step in (1, 2, 3, 4, 5):
        save_checkpoint(tmp_path, step, {"network": network(step)}, {}, keep=2, best=best if step > 1 else None)
    assert names(tmp_path) == ["step-00000002", "step-00000004", "step-00000005"]
    assert load_newest_checkpoint(tmp_path, {"network": network(0)}, {}) == (5, best)


def test_what_an_older_run_chose_by_its_test_split_is_no_best_to_compare_with(tmp_path: Path) -> None:
    description = save(tmp_path, 5) / "state.json"
    values = json.loads(description.read_text()) | {"best": {"step": 2, "fid": 12.5, "samples": 100}}
    del values["best_by_validation"]
    description.write_text(json.dumps(values))
    assert load_newest_checkpoint(tmp_path, {"network": network(0)}, {}) == (5, None)


def test_what_a_killed_process_left_half_written_is_ignored_and_overwritten(tmp_path: Path) -> None:
    partial = tmp_path / ".step-00000004.999999999.partial"
    partial.mkdir()
    (partial / "state.safetensors").write_bytes(b"half")
    (partial / "left over").write_bytes(b"")
    assert load_newest_checkpoint(tmp_path, {"network": network(0)}, {}) == (0, None)
    save(tmp_path, 2)
    assert load_newest_checkpoint(tmp_path, {"network": network(0)}, {}) == (2, None)
    save(tmp_path, 4)
    assert names(tmp_path) == ["step-00000002", "step-00000004"]
    assert names(tmp_path / "step-00000004") == ["state.json", "state.safetensors"]


def test_folders_of_other_names_are_let_alone(tmp_path: Path) -> None:
    save(tmp_path, 3)
    for name in ("step-00000009.bak", "step-latest"):
        (tmp_path / name).mkdir()
    module = network(0)
    assert load_newest_checkpoint(tmp_path, {"network": module}, {"optimizer": optimizer_of(module)})[0] == 3
    set_aside_after(tmp_path, 1)
    assert names(tmp_path) == ["damaged-step-00000003", "step-00000009.bak", "step-latest"]


def spoil(path: Path, how: str) -> None:
    if how == "missing":
        path.unlink()
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-3])
    else:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)


@pytest.mark.parametrize("name", ["state.safetensors", "state.json"])
@pytest.mark.parametrize("how", ["missing", "cut", "one bit"])
def test_a_damaged_checkpoint_is_passed_over_with_a_warning(
    tmp_path: Path, name: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path, 2)
    spoil(save(tmp_path, 4) / name, how)
    module = network(0)
    assert load_newest_checkpoint(tmp_path, {"network": module}, {}) == (2, None)
    assert_equal_states(module, network(2))
    (line,) = capsys.readouterr().err.splitlines()
    assert "step-00000004 is damaged" in line
    assert line.endswith("resuming from step-00000002")
    set_aside_after(tmp_path, 2)
    assert names(tmp_path) == ["damaged-step-00000004", "step-00000002"]


def test_where_no_checkpoint_is_whole_the_run_is_refused(tmp_path: Path) -> None:
    spoil(save(tmp_path, 2) / "state.safetensors", "cut")
    with pytest.raises(UserError, match=r"step-00000002 is damaged \(.*\), and there is no older complete one"):
        load_newest_checkpoint(tmp_path, {"network": network(0)}, {})


def test_a_checkpoint_that_cannot_be_written_leaves_the_earlier_ones_and_no_part_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 2)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("common.runs.checkpoints.save_file", full)
    with pytest.raises(OSError, match="No space left on device"):
        save(tmp_path, 4)
    assert names(tmp_path) == ["step-00000002"]
