"""Where bfloat16 gains, and what a resumed run computes in."""

from __future__ import annotations

import pytest
import torch

from common.runs import precision
from common.runs.config import ComputePrecision, Precision
from common.runs.precision import chosen_precision, gains_from_bfloat16


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
    monkeypatch.setattr("common.runs.precision.has_bfloat16", lambda device: has)
    monkeypatch.setattr("common.runs.precision.gains_from_bfloat16", lambda device: gains)
    assert chosen_precision(wanted, torch.device("cpu"), so_far) == settled


@pytest.mark.parametrize(
    ("capabilities", "times_as_fast", "gains"),
    [
        ({"avx512_bf16": True}, 1.9, True),
        ({"avx512_bf16": True}, 1.2, False),
        ({"avx512_bf16": True}, 0.5, False),
        ({"amx_bf16": True}, 8.0, True),
        ({"avx512_f": True}, 1.9, False),
    ],
)
def test_bfloat16_gains_where_a_processor_has_it_and_multiplies_clearly_faster_in_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], times_as_fast: float, *, gains: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    monkeypatch.setattr(precision, "_times_as_fast_in_bfloat16", lambda: times_as_fast)
    assert gains_from_bfloat16(torch.device("cpu")) is gains


def test_the_trial_of_bfloat16_leaves_threads_as_they_were_and_finds_emulation_slow() -> None:
    threads = torch.get_num_threads()
    times_as_fast = precision._times_as_fast_in_bfloat16()
    assert torch.get_num_threads() == threads
    assert times_as_fast > 0
    if not precision.has_bfloat16(torch.device("cpu")):
        assert times_as_fast < 1
