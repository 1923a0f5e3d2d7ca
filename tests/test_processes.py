"""Processes that are several, or killed: the same gradients and weights as one that is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import numpy as np
import pytest
import torch
from processes import launch, start
from safetensors.torch import load_file
from tiny_runs import EYES, SHORT, STAGE1_NETWORKS, STAGE2_EYES, STAGE2_NETWORKS

ROOT = Path(__file__).parents[1]
BY_FIELDS = ROOT / "tests" / "by_fields.py"
STAGE1, STAGE2 = (ROOT / "scripts" / f"train_stage{number}.py" for number in (1, 2))
pytestmark = pytest.mark.slow


GANGOGH = ("networks={architecture: gangogh, latent_dim: 8, width: 4}",)
"""The parent's networks, whose batch norm looks at the whole batch."""
HALVES = ("training.accumulation=2",)


@pytest.mark.parametrize(
    ("stage", "networks", "processes", "changes"),
    [
        ("1", (), 2, ()),
        ("1", (), 1, HALVES),
        ("1", (), 2, HALVES),
        ("1", GANGOGH, 2, ()),
        ("1", EYES, 2, HALVES),
        ("2", (), 2, ()),
        ("2", (), 1, HALVES),
        ("2", (), 2, HALVES),
        ("2", STAGE2_EYES, 2, HALVES),
    ],
)
def test_the_gradients_do_not_depend_on_processes_and_parts(
    stage: str,
    networks: tuple[str, ...],
    processes: int,
    changes: tuple[str, ...],
    procedural_dataset: Path,
    stage1_run: Path,
    tmp_path: Path,
) -> None:
    gradients = []
    for number, more in ((1, ()), (processes, changes)):
        out = tmp_path / f"{len(gradients)}.safetensors"
        script = ROOT / "tests" / "gradients_of_one_step.py"
        launch(number, script, stage, procedural_dataset, stage1_run, out, *networks, *more)
        gradients.append(load_file(out))
    one, other = gradients
    assert one.keys() == other.keys()
    for key, gradient in one.items():
        scale = gradient.norm()
        # A constant on all scores moves real and painted alike: its gradient is nought, as is that of a constant
        # before a batch norm, but for rounding. Elsewhere rounding is largest where terms cancel, as those of grain do.
        assert scale > 0 or key.endswith("realness.bias"), key
        assert (gradient - other[key]).norm() <= 1e-3 * scale + 3e-6, key


def test_both_stages_train_and_resume_on_several_processes(procedural_dataset: Path, tmp_path: Path) -> None:
    """Three addends can be summed in three orders, two in one: so many show whether a resumed run rounds otherwise."""
    whole, stage1, stage2 = tmp_path / "whole", tmp_path / "stage1", tmp_path / "stage2"
    common = ["--data", procedural_dataset, "--resume"]
    scored = ("logging.fid_every=2", "logging.fid_samples=9")
    settings = [f"--set={override}" for override in (*STAGE1_NETWORKS, *SHORT, *scored, "training.batch_size=6")]
    for out, steps in ((whole, 4), (stage1, 2), (stage1, 4)):
        launch(
            3, BY_FIELDS, STAGE1, "--preset", "default", *common, "--out", out,
            *settings, f"--set=training.steps={steps}",
        )  # fmt: skip
    settings = [f"--set={override}" for override in (*STAGE2_NETWORKS, *SHORT, *scored)]
    # Once as users do, with an interpreter that starts and shuts down.
    for launched_by, scripts, steps in ((torchrun, [STAGE2], 2), (launch, [BY_FIELDS, STAGE2], 4)):
        launched_by(
            2, *scripts, "--preset", "tiny", *common, "--stage1", stage1, "--out", stage2,
            *settings, f"--set=training.steps={steps}",
        )  # fmt: skip
    for run in (stage1, stage2):
        assert (run / "metrics.jsonl").read_text().count("fid_validation") == 2
        assert (run / "best" / "generator.safetensors").is_file()
        state = load_file(run / "checkpoints" / "step-00000004" / "state.safetensors")
        assert all(torch.isfinite(tensor).all() for tensor in state.values() if tensor.is_floating_point())
    one, other = (run / "checkpoints" / "step-00000004" / "state.safetensors" for run in (whole, stage1))
    assert one.read_bytes() == other.read_bytes()


def torchrun(processes: int, *arguments: str | Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        [*command, *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert answer.returncode == 0, answer.stderr[-4000:]


def test_a_run_that_is_killed_again_and_again_ends_with_the_weights_of_one_that_is_not(
    procedural_dataset: Path, tmp_path: Path
) -> None:
    more = ("networks.latent_dim=8", "training.steps=24", "logging.checkpoint_every=2", "logging.fid_every=8",
            "logging.fid_samples=8")  # fmt: skip
    settings = [f"--set={override}" for override in (*STAGE1_NETWORKS, *SHORT, *more)]

    def begin(out: Path) -> ForkServerProcess:
        return start(BY_FIELDS, STAGE1, "--data", procedural_dataset, "--out", out, "--resume", *settings)

    def finish(out: Path) -> None:
        process = begin(out)
        process.join()
        assert process.exitcode == 0

    def newest(out: Path) -> str:
        return max((path.name for path in (out / "checkpoints").glob("step-*")), default="")

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(whole)
    random = np.random.default_rng(0)
    kills = 0
    while kills < 3:
        before = newest(killed)
        process = begin(killed)
        # Its start takes as long as it likes; from its next checkpoint on, any moment may be the last.
        while newest(killed) == before and process.is_alive():
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.2))
        if not process.is_alive():
            break
        process.kill()
        process.join()
        kills += 1
    assert kills > 0
    finish(killed)
    assert newest(killed) == newest(whole) == "step-00000024"
    for name in ("state.safetensors", "state.json"):
        one, other = (run / "checkpoints" / "step-00000024" / name for run in (whole, killed))
        assert one.read_bytes() == other.read_bytes()
    lines = [(run / "metrics.jsonl").read_text().count("fid_validation") for run in (whole, killed)]
    assert lines == [3, 3]


def test_processes_compute_in_what_the_first_finds_fast(tmp_path: Path) -> None:
    launch(2, ROOT / "tests" / "precision_of_each_process.py", tmp_path)
    assert [(tmp_path / rank).read_text() for rank in "01"] == ["bfloat16", "bfloat16"]
