"""Run by torchrun: one critic update and one generator update, whose gradients process 0 writes to a file.

Arguments: stage (1 or 2), dataset folder, stage I's run, file to write, and settings to change.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tiny_runs import stage1_config, stage2_config

from common.data.dataset import PaintingDataset
from common.runs.accelerator import apart_from_other_runs, make_accelerator
from stage1.config import Stage1Config
from stage1.sampling import Stage1Painter
from stage1.training import Stage1Trainer
from stage2.training import Stage2Trainer

# Weights that do not move, so that the second update starts where the first one did.
STILL = (
    "generator_optimizer.learning_rate=1.0e-30",
    "critic_optimizer.learning_rate=1.0e-30",
    "training.label_steps=0",
)


@apart_from_other_runs()
def main() -> None:
    stage_number, data, stage1_run, out, *changes = sys.argv[1:]
    torch.set_num_threads(1)
    accelerator = make_accelerator("float32")
    dataset = PaintingDataset(Path(data))
    config = {"1": stage1_config, "2": stage2_config}[stage_number](*STILL, *changes)
    stage: Stage1Trainer | Stage2Trainer
    if isinstance(config, Stage1Config):
        stage = Stage1Trainer(config, dataset.split("train", 64), dataset.vocabulary, accelerator)
    else:
        stage = Stage2Trainer(config, dataset, Stage1Painter.load(Path(stage1_run)), accelerator)
    # The second round meets whatever the first one left behind.
    for update in range(2):
        stage.pair.update_generator(update)
        stage.pair.update_critic(update)
    if accelerator.is_main_process:
        networks = {"critic": stage.pair.critic, "generator": stage.pair.generator}
        gradients = {
            f"{name}.{key}": parameter.grad.clone()
            for name, network in networks.items()
            for key, parameter in network.named_parameters()
            if parameter.grad is not None
        }
        save_file(gradients, out)


if __name__ == "__main__":
    main()
