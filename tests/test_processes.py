"""Several processes: the same gradients as one, and whole runs under torchrun."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_runs import SHORT, STAGE1_NETWORKS, STAGE2_NETWORKS

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


def torchrun(processes: int, *arguments: str | Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        [*command, *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert answer.returncode == 0, answer.stderr[-4000:]


@pytest.mark.parametrize("stage", ["1", "2"])
def test_two_processes_have_the_gradients_of_one(
    stage: str, procedural_dataset: Path, stage1_run: Path, tmp_path: Path
) -> None:
    gradients = []
    for processes in (1, 2):
        out = tmp_path / f"{processes}.safetensors"
        torchrun(processes, ROOT / "tests" / "gradients_of_one_step.py", stage, procedural_dataset, stage1_run, out)
        gradients.append(load_file(out))
    one, two = gradients
    assert one.keys() == two.keys()
    for key, gradient in one.items():
        scale = gradient.norm()
        # A constant on all scores moves real and painted alike: its gradient is nought.
        assert scale > 0 or key == "critic.realness.bias", key
        assert (gradient - two[key]).norm() <= 1e-4 * scale + 1e-6, key


def test_both_stages_train_and_resume_on_two_processes(procedural_dataset: Path, tmp_path: Path) -> None:
    stage1, stage2 = tmp_path / "stage1", tmp_path / "stage2"
    common = ["--data", procedural_dataset, "--resume"]
    settings = [f"--set={override}" for override in (*STAGE1_NETWORKS, *SHORT)]
    for steps in (2, 4):
        torchrun(
            2, "scripts/train_stage1.py", "--preset", "default", *common, "--out", stage1,
            *settings, f"--set=training.steps={steps}",
        )  # fmt: skip
    settings = [f"--set={override}" for override in (*STAGE2_NETWORKS, *SHORT)]
    for steps in (2, 4):
        torchrun(
            2, "scripts/train_stage2.py", "--preset", "tiny", *common, "--stage1", stage1, "--out", stage2,
            *settings, f"--set=training.steps={steps}",
        )  # fmt: skip
    for run in (stage1, stage2):
        state = load_file(run / "checkpoints" / "step-00000004" / "state.safetensors")
        assert all(torch.isfinite(tensor).all() for tensor in state.values() if tensor.is_floating_point())
