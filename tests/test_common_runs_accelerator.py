"""Accelerate's handle: processes, precision, trackers, and what of a person's own settings reaches a run."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator, PartialState
from tiny_runs import stage1_config, stage2_config
from torch import Tensor

import stage1.training
import stage2.training
from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.runs import accelerator as handle
from common.runs.accelerator import (
    apart_from_other_runs,
    chosen_precision,
    explain_failures,
    make_accelerator,
    open_trackers,
    precision_of,
)
from common.runs.config import ComputePrecision, Precision
from common.runs.folder import RunFolder
from stage1.training import Stage1Trainer


@pytest.fixture(autouse=True)
def _apart() -> Iterator[None]:
    with apart_from_other_runs():
        yield


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("tensorbord", "did you mean 'tensorboard'"), ("wandb", "needs its package: pip install wandb")],
)
def test_a_tracker_that_would_say_nothing_is_refused(name: str, remedy: str) -> None:
    with pytest.raises(UserError, match=remedy):
        make_accelerator("float32", (name,))


def test_processes_that_do_not_find_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    make_accelerator("float32")
    monkeypatch.setenv("WORLD_SIZE", "2")
    # The handle of a process that was joined alone is there already, and stays as it is.
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    with pytest.raises(UserError, match="2 processes were started, but Accelerate joined 1"):
        make_accelerator("float32")


@pytest.mark.slow
@pytest.mark.parametrize("bfloat16_first", [True, False])
def test_both_stages_train_in_one_process_whatever_each_computes_in(
    bfloat16_first: bool, procedural_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = PaintingDataset(procedural_dataset)
    settings = ("training.steps=1", "training.pretraining_steps=0", "training.label_steps=0", "training.precision=auto")
    small, large = tmp_path / "small", tmp_path / "large"
    Accelerator(mixed_precision="fp16" if torch.cuda.is_available() else "bf16")
    monkeypatch.setattr("common.runs.accelerator.gains_from_bfloat16", lambda device: bfloat16_first)
    stage1.training.train(stage1_config(*settings), dataset, small, resume=False)
    monkeypatch.setattr("common.runs.accelerator.gains_from_bfloat16", lambda device: not bfloat16_first)
    stage2.training.train(stage2_config(*settings), dataset, small, large, resume=False)
    found = [json.loads((run / "environment.json").read_text())["precision"] for run in (small, large)]
    assert found == (["bfloat16", "float32"] if bfloat16_first else ["float32", "bfloat16"])


def test_a_run_leaves_the_notebook_around_it_as_it_was() -> None:
    own = Accelerator(mixed_precision="bf16", gradient_accumulation_steps=4)
    filters, random = list(warnings.filters), torch.get_rng_state()
    with apart_from_other_runs():
        accelerator = make_accelerator("float32")
        torch.manual_seed(1)
        assert (precision_of(accelerator), accelerator.gradient_accumulation_steps) == ("float32", 1)
    assert (own.mixed_precision, own.gradient_accumulation_steps) == ("bf16", 4)
    with own.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
    assert warnings.filters == filters
    assert torch.equal(torch.get_rng_state(), random)


@pytest.fixture(scope="module")
def plain_gradients(procedural_dataset: Path) -> list[Tensor]:
    return gradients(procedural_dataset)


def gradients(folder: Path) -> list[Tensor]:
    """Of one critic update with its penalty, and of one generator update."""
    config, dataset = stage1_config("training.label_steps=0"), PaintingDataset(folder)
    with apart_from_other_runs():
        accelerator = make_accelerator("float32")
        pair = Stage1Trainer(config, dataset.split("train", 64), dataset.vocabulary, accelerator).pair
        pair.update_generator(0)
        pair.update_critic(0)
        networks = pair.generator, pair.critic
        return [
            weight.grad.clone() for network in networks for weight in network.parameters() if weight.grad is not None
        ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ACCELERATE_DYNAMO_BACKEND", "INDUCTOR", "torch.compile cannot differentiate the gradient penalty"),
        ("ACCELERATE_DYNAMO_BACKEND", "NO", None),
        ("ACCELERATE_MIXED_PRECISION", "fp16", "this run computes in float32; change that with --set training.precis"),
        ("ACCELERATE_MIXED_PRECISION", "fp8", "this run computes in float32"),
        ("ACCELERATE_MIXED_PRECISION", "no", None),
        ("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4", "--set training.accumulation="),
        ("ACCELERATE_DEBUG_MODE", "true", None),
        ("ACCELERATE_USE_FSDP", "false", None),
    ],
)
def test_what_a_persons_accelerate_config_asks_for_changes_no_gradient(
    variable: str,
    value: str,
    said: str | None,
    procedural_dataset: Path,
    plain_gradients: list[Tensor],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable, value)
    for one, other in zip(plain_gradients, gradients(procedural_dataset), strict=True):
        torch.testing.assert_close(other, one)
    warning = capsys.readouterr().err
    if said is None:
        assert warning == ""
    else:
        assert warning.startswith(f"warning: {variable}={value} is not used: ")
        assert said in warning


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [("ACCELERATE_USE_FSDP", "true", "FSDP"), ("ACCELERATE_FP8_BACKEND", "TE", "fp8")],
)
def test_what_cannot_be_trained_with_is_refused_with_what_to_change(
    variable: str, value: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError, match=rf"told to use {name} \({variable}={value}\).*python or torchrun"):
        make_accelerator("float32")


def test_a_person_who_asks_for_the_cpu_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PartialState, "default_device", torch.device("meta"))
    assert make_accelerator("float32").device.type == "meta"
    with apart_from_other_runs():
        monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
        assert make_accelerator("float32").device.type == "cpu"


def test_trackers_are_closed_where_a_run_fails_so_that_the_next_one_opens_its_own(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    accelerator = make_accelerator("float32", ("tensorboard",), RunFolder(tmp_path))
    with pytest.raises(UserError), open_trackers(accelerator, {}, step=0):
        raise UserError("not finite")
    assert accelerator.trackers[0].writer.all_writers is None


@pytest.mark.parametrize(
    ("wanted", "so_far", "has", "gains", "settled"),
    [
        ("auto", None, True, True, "bfloat16"),
        ("auto", None, True, False, "float32"),
        # A trial that ends otherwise on a busy machine changes nothing for a run that goes on.
        ("auto", "float32", True, True, "float32"),
        ("auto", "bfloat16", True, False, "bfloat16"),
        # It has moved to a processor that would emulate bfloat16.
        ("auto", "bfloat16", False, False, "float32"),
        ("float32", "bfloat16", True, True, "float32"),
    ],
)
def test_a_run_goes_on_in_the_precision_that_it_had(
    monkeypatch: pytest.MonkeyPatch,
    wanted: Precision,
    so_far: ComputePrecision | None,
    settled: ComputePrecision,
    *,
    has: bool,
    gains: bool,
) -> None:
    monkeypatch.setattr(handle, "has_bfloat16", lambda device: has)
    monkeypatch.setattr(handle, "gains_from_bfloat16", lambda device: gains)
    assert chosen_precision(wanted, torch.device("cpu"), so_far) == settled


LOST, FULL = (
    "another of the 2 processes has died.*--resume",
    r"lower training\.batch_size, raise training\.accumulation",
)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (torch.distributed.DistBackendError("NCCL"), LOST),
        (RuntimeError("[gloo/transport/tcp/pair.cc:537] Connection reset"), LOST),
        (torch.OutOfMemoryError("CUDA out of memory"), FULL),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), FULL),
    ],
)
def test_a_lost_process_and_a_full_memory_cost_one_line_that_says_what_helps(
    error: RuntimeError, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match=message), apart_from_other_runs():
        raise error


def test_an_error_of_our_own_is_not_taken_for_a_lost_process() -> None:
    for processes, text in ((2, "shapes do not fit"), (1, "gloo")):
        with pytest.raises(RuntimeError, match=text), explain_failures(processes):
            raise RuntimeError(text)
