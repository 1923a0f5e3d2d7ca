"""Settings that both stages' configurations share."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from common.config import settings
from common.data.dataset import Residence

SettledPrecision = Literal["float32", "bfloat16"]
Precision = Literal[SettledPrecision, "auto"]
"""`auto` is bfloat16 where the hardware is faster by it, float32 elsewhere; a resumed run keeps what it came to."""


Decay = Annotated[float, pydantic.Field(ge=0, lt=1)]
Width = Annotated[int, pydantic.Field(ge=1, le=65_536)]
"""How many numbers a layer or a noise has, per pixel or alone; no machine has memory for more."""


@settings
class OptimizerSettings:
    """Adam (Kingma and Ba 2015)."""

    learning_rate: Annotated[float, pydantic.Field(gt=0)]
    betas: tuple[Decay, Decay]


@settings
class RealnessSettings:
    """Weights of what keeps the critic's scores in bounds; the realness term weighs 1."""

    gradient_penalty: Annotated[float, pydantic.Field(ge=0)]
    """lambda."""
    penalty_every: Annotated[int, pydantic.Field(ge=1)] = 1
    """The penalty is taken at one of so many pictures, which is as right on average and costs as many times less."""
    one_sided_penalty: bool = False
    """Only slopes above 1 cost, not those below."""
    drift: Annotated[float, pydantic.Field(ge=0)] = 0.0
    """epsilon, of the critic's scores being far from 0."""


@settings
class Schedule:
    """A step is `critic_steps` critic updates, then, after pre-training, one generator update."""

    seed: Annotated[int, pydantic.Field(ge=0, lt=2**63)]
    steps: Annotated[int, pydantic.Field(ge=1)]
    """Length of the run, pre-training included."""
    pretraining_steps: Annotated[int, pydantic.Field(ge=0)]
    """Steps in which the critic alone learns."""
    critic_steps: Annotated[int, pydantic.Field(ge=1)]
    """Critic updates a step."""
    batch_size: Annotated[int, pydantic.Field(ge=1, le=1_000_000)]
    """Paintings a critic update, over all processes together."""
    accumulation: Annotated[int, pydantic.Field(ge=1)] = 1
    """Parts in which a process works through its share of a batch: the same gradient in less memory."""
    unlabelled_share: Annotated[float, pydantic.Field(ge=0, le=1)]
    """Share of asked labels that are left open, so that `any` is learnt as well."""
    flip: bool
    """Whether paintings are mirrored at random."""
    average_halflife: Annotated[float, pydantic.Field(ge=0)]
    """Steps after which a weight's share in the average has halved, of either network; 0 takes the live weights."""
    precision: Precision
    """Of the networks' arithmetic; weights and the penalty's norm stay in float32."""
    label_steps: Annotated[int, pydantic.Field(ge=0)] = 0
    """The first of the pre-training steps: those in which the critic learns labels alone, from real paintings."""
    repaint_every: Annotated[int, pydantic.Field(ge=1)] = 1
    """At one of so many critic updates of a step pictures are painted; the others take the same once more."""
    augmentation: Annotated[float, pydantic.Field(ge=0, le=1)] = 0.0
    """Chance of each of the changes of `common.data.augmentation` to each picture that the critic sees."""
    pictures_in: Residence = "auto"
    """Where the training pictures are read from."""

    def __post_init__(self) -> None:
        if self.label_steps > self.pretraining_steps:
            raise ValueError(
                f"label_steps {self.label_steps} are part of pre-training, and pretraining_steps is "
                f"{self.pretraining_steps}"
            )

    def painted_for(self, update: int) -> int:
        """The critic update, of the same step, for which the pictures of update number `update` are painted."""
        return update - update % self.critic_steps % self.repaint_every

    def learns_labels_alone(self, update: int) -> bool:
        """Whether critic update number `update` is of real paintings and their labels only."""
        return update < self.label_steps * self.critic_steps


@settings
class LoggingSettings:
    """How often, in steps, a run shows and saves itself."""

    log_every: Annotated[int, pydantic.Field(ge=1)]
    sample_every: Annotated[int, pydantic.Field(ge=1)]
    checkpoint_every: Annotated[int, pydantic.Field(ge=1)]
    keep_checkpoints: Annotated[int, pydantic.Field(ge=1)]
    """Older checkpoints are removed, but for that of the best FID on the validation split."""
    fid_every: Annotated[int, pydantic.Field(ge=0)] = 0
    """Steps between measurements of the FID on the validation split, a multiple of `checkpoint_every`; 0 for none.

    The best weights are chosen by it.
    """
    fid_samples: Annotated[int, pydantic.Field(ge=2)] = 1000
    """Pictures that a FID is measured on; those of fewer samples are higher."""
    trackers: tuple[str, ...] = ()
    """Accelerate's trackers that are told of the run as well: tensorboard, wandb, …"""
    when_unwritable: Literal["stop", "go-on"] = "stop"
    """What a run does where a checkpoint cannot be written, as on a full disk; earlier ones stay whole either way."""

    def __post_init__(self) -> None:
        if self.fid_every % self.checkpoint_every:
            raise ValueError(
                f"fid_every {self.fid_every} is no multiple of checkpoint_every {self.checkpoint_every}: "
                "the best weights are those of a checkpoint"
            )
