"""Measure training steps: a preset's, its forward passes alone, and GANGogh's in plain float32.

A step is `critic_steps` critic updates and one generator update. Speeds are in real paintings per second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from unittest import mock

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Adam

from benchmarks.machine import device_name, held_memory, peak_memory
from benchmarks.rounds import ROUNDS, Task, images_per_second
from common import config
from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.machine import give_freed_memory_back, keep_freed_memory
from common.runs.accelerator import chosen_precision, make_accelerator
from common.runs.loop import rows_of_process
from stage1.config import PRESETS, GangoghNetworks, Stage1Config
from stage1.networks import build_generator
from stage1.sampling import SIZE, Stage1Export, Stage1Painter
from stage1.training import Stage1Trainer
from stage2.config import Stage2Config
from stage2.training import Stage2Trainer

Trainer = Stage1Trainer | Stage2Trainer

RARE_PENALTY = 4
"""Value of `penalty_every` for the sparse penalty; divides GANGogh's batch size."""
SERVED = 2
"""Value of `repaint_every` for reused pictures."""


class PlainTrainer(Stage1Trainer):
    """A straightforward training step: separate critic passes for real and generated pictures."""

    def judge(
        self, real: Float[Tensor, "b 3 64 64"], fake: Float[Tensor, "b 3 64 64"]
    ) -> tuple[Float[Tensor, "b"], Float[Tensor, "b"], Float[Tensor, "b k"], Float[Tensor, "b k"]]:
        """Return the same as in training, from two passes."""
        (real_scores, real_logits), (fake_scores, fake_logits) = self.pair.critic(real), self.pair.critic(fake)
        return real_scores, fake_scores, real_logits, fake_logits


class _LoopingAdam(Adam):
    """Adam in a loop over the weights. It cannot skip an update that is not finite."""

    found_inf = property(lambda self: None, lambda self, value: None)


def measure_train(
    settings: Stage1Config | Stage2Config, dataset: PaintingDataset, parent_width: int, seconds: float
) -> None:
    """Print the speed and memory of a preset's step, compared with its forward passes and with GANGogh's step."""
    device = make_accelerator("float32").device
    precision = chosen_precision(settings.training.precision, device)
    before = held_memory()
    trainer = build(settings, dataset)
    step_of_preset = _in_precision(precision, trainer.step, device)
    for number in range(2):
        step_of_preset(number)
    memory = peak_memory(device, before)
    images = settings.training.batch_size * settings.training.critic_steps
    parent = _parent(parent_width)
    plain = _plain(parent, dataset)
    speeds = images_per_second(
        {
            "training step": Task(step_of_preset, images),
            "its forward passes": Task(_in_precision(precision, _forward_passes(trainer), device), images),
            f"gangogh of width {parent_width}, plain float32": Task(
                plain.step, parent.training.batch_size * parent.training.critic_steps, begin=give_freed_memory_back
            ),
        },
        seconds,
    )
    step, forward, parents = speeds.values()
    print(
        f"{device_name(device)}, {precision}, batch {settings.training.batch_size}, "
        f"{settings.training.critic_steps} critic updates a step; median of {ROUNDS} rounds"
    )
    for name, speed in speeds.items():
        print(f"{name:36} {speed:8.1f} images/s")
    print(f"the step has {step / forward:.0%} of the speed of its forward passes, and {step / parents:.2f} x gangogh's")
    print(f"peak memory of two steps {memory / 2**30:.2f} GB")


def measure_means(parent: Stage1Config, dataset: PaintingDataset, seconds: float) -> None:
    """Print how much each optimisation speeds up the step of the preset gangogh, alone and together."""
    device = make_accelerator("float32").device
    rare = replace(parent, loss=replace(parent.loss, penalty_every=RARE_PENALTY))
    served = replace(parent, training=replace(parent.training, repaint_every=SERVED))
    sparing = replace(rare, training=served.training)
    alone: dict[str, Callable[[], Callable[[int], object]]] = {
        "plain float32": lambda: _plain(parent, dataset).step,
        "real and generated in one pass": lambda: _looping(build(parent, dataset)).step,
        "fused Adam": lambda: _plain(parent, dataset, fused=True).step,
        "channels last": lambda: _channels_last(_plain(parent, dataset)).step,
        "compiled generator": lambda: _compiled(_plain(parent, dataset)).step,
        "bfloat16 autocast": lambda: _in_precision("bfloat16", _plain(parent, dataset).step, device),
        f"penalty for one in {RARE_PENALTY}": lambda: _plain(rare, dataset).step,
        f"pictures reused for {SERVED} updates": lambda: _plain(served, dataset).step,
    }
    together: dict[str, Callable[[], Callable[[int], object]]] = {
        "freed memory kept": lambda: _plain(parent, dataset).step,
        "one pass, fused, memory kept": lambda: build(parent, dataset).step,
        "… and bfloat16": lambda: _in_precision("bfloat16", build(parent, dataset).step, device),
        f"… and penalty for one in {RARE_PENALTY}": lambda: build(rare, dataset).step,
        f"… … and pictures for {SERVED} updates": lambda: build(sparing, dataset).step,
        "… … and bfloat16": lambda: _in_precision("bfloat16", build(sparing, dataset).step, device),
    }
    schedule = parent.training
    if schedule.batch_size % RARE_PENALTY:
        raise UserError(
            f"training.batch_size {schedule.batch_size} is not a multiple of {RARE_PENALTY}, as means needs for the "
            "sparse penalty; change it with --set"
        )
    images = schedule.batch_size * schedule.critic_steps
    for begin, variants in ((give_freed_memory_back, alone), (keep_freed_memory, together)):
        for name, make in variants.items():
            # Measure the plain step again each time, because a machine's speed changes over time.
            tasks = {
                "plain": Task(_plain(parent, dataset).step, images, give_freed_memory_back),
                name: Task(make(), images, begin),
            }
            plain, speed = images_per_second(tasks, seconds).values()
            print(f"{name:32} {speed:8.1f} images/s {speed / plain:6.2f} x plain", flush=True)


def _parent(width: int) -> Stage1Config:
    return config.load(Stage1Config, PRESETS / "gangogh.yaml", [f"networks.width={width}"])


def build(settings: Stage1Config | Stage2Config, dataset: PaintingDataset) -> Trainer:
    """Return a trainer past pre-training. Stage II uses an untrained stage I: speed does not depend on weights."""
    if isinstance(settings, Stage1Config):
        return _stage1(Stage1Trainer, settings, dataset)
    accelerator = make_accelerator("float32")
    networks = config.load(Stage1Config, PRESETS / "default.yaml").networks
    generator = build_generator(networks, len(dataset.vocabulary.genres))
    export = Stage1Export(stage=1, networks=networks, vocabulary=dataset.vocabulary)
    painter = Stage1Painter(export, generator.to(accelerator.device), "untrained", dataset.folder / "no critic")
    schedule = replace(settings.training, pretraining_steps=0, label_steps=0)
    settings = replace(settings, training=schedule)
    return Stage2Trainer(settings, dataset, painter, accelerator, rows_of_process(schedule, 0, 1))


def _stage1(kind: type[Stage1Trainer], settings: Stage1Config, dataset: PaintingDataset) -> Stage1Trainer:
    accelerator = make_accelerator("float32")
    split = dataset.split("train", SIZE, residence=settings.training.pictures_in, device=accelerator.device)
    schedule = replace(settings.training, pretraining_steps=0, label_steps=0)
    settings = replace(settings, training=schedule)
    return kind(settings, split, dataset.vocabulary, accelerator, rows_of_process(schedule, 0, 1))


def _plain(settings: Stage1Config, dataset: PaintingDataset, *, fused: bool = False) -> Trainer:
    assert isinstance(settings.networks, GangoghNetworks)
    trainer = _stage1(PlainTrainer, settings, dataset)
    return trainer if fused else _looping(trainer)


def _looping(trainer: Trainer) -> Trainer:
    pair = trainer.pair
    for name, network in (("_critic_optimizer", pair.plain_critic), ("_generator_optimizer", pair.plain_generator)):
        group = getattr(pair, name).param_groups[0]
        looping = _LoopingAdam(network.parameters(), lr=group["lr"], betas=group["betas"], foreach=False)
        setattr(pair, name, looping)
    return trainer


def _channels_last(trainer: Trainer) -> Trainer:
    for network in (trainer.pair.plain_generator, trainer.pair.plain_critic):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return trainer


def _compiled(trainer: Trainer) -> Trainer:
    trainer.pair.plain_generator.compile()
    return trainer


def _in_precision(precision: str, do: Callable[[int], object], device: torch.device) -> Callable[[int], object]:
    """Run a step in a precision of its own: Accelerate allows only one per process."""

    def under_autocast(number: int) -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            do(number)

    return under_autocast


def _forward_passes(trainer: Trainer) -> Callable[[int], object]:
    """Return the forward passes of a step, without gradients: an upper bound on its speed."""

    def no_penalty(scores: Tensor, images: Tensor, *, one_sided: bool) -> Tensor:
        return scores * 0

    @torch.no_grad()
    def forward(number: int) -> None:
        with mock.patch("common.runs.penalty.gradient_penalty", no_penalty):
            first = number * trainer.config.training.critic_steps
            for part in trainer.parts:
                trainer.generator_loss_of(part, first)
            for update in range(first, first + trainer.config.training.critic_steps):
                for part in trainer.parts:
                    trainer.critic_loss_of(part, update)

    return forward
