"""Settings that both stages share."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol, runtime_checkable

import pydantic

from common.config import settings
from common.data.dataset import Residence

ComputePrecision = Literal["float32", "bfloat16"]
Precision = Literal[ComputePrecision, "auto"]
"""`auto` is bfloat16 if the hardware is faster with it, else float32. A resumed run keeps its precision."""

Decay = Annotated[float, pydantic.Field(ge=0, lt=1)]
Width = Annotated[int, pydantic.Field(ge=1, le=65_536)]
"""Number of channels of a layer, or length of a noise vector. No machine has memory for more."""


@settings
class OptimizerSettings:
    """Adam (Kingma and Ba 2015)."""

    learning_rate: Annotated[float, pydantic.Field(gt=0)]
    betas: tuple[Decay, Decay]


@settings
class RealnessSettings:
    """Weights of the terms that bound the critic's scores; the realness term has weight 1."""

    gradient_penalty: Annotated[float, pydantic.Field(ge=0)]
    """lambda, the weight of the gradient penalty."""
    penalty_every: Annotated[int, pydantic.Field(ge=1)] = 1
    """Compute the gradient penalty for one in N pictures and count it N times: on average the same, N times cheaper."""
    pixel_slope: Annotated[float, pydantic.Field(gt=0)] = 1.0
    """Slope to which the penalty holds the critic of the pixels. Less leaves more of the word to its eyes."""
    drift: Annotated[float, pydantic.Field(ge=0)] = 0.0
    """epsilon, the weight of the drift loss, which keeps the critic's scores near 0."""


@settings
class Schedule:
    """The schedule. A step is one generator update (none during pre-training) and `critic_steps` critic updates."""

    seed: Annotated[int, pydantic.Field(ge=0, lt=2**63)]
    steps: Annotated[int, pydantic.Field(ge=1)]
    """Number of steps of the run, including pre-training."""
    pretraining_steps: Annotated[int, pydantic.Field(ge=0)]
    """Number of first steps, in which only the critic trains."""
    critic_steps: Annotated[int, pydantic.Field(ge=1)]
    """Critic updates per step."""
    batch_size: Annotated[int, pydantic.Field(ge=1, le=1_000_000)]
    """Real paintings per critic update, over all processes together."""
    accumulation: Annotated[int, pydantic.Field(ge=1)] = 1
    """Number of parts into which a process splits its share of a batch: the same gradient with less memory."""
    unlabelled_share: Annotated[float, pydantic.Field(ge=0, le=1)]
    """Share of requested labels that are replaced by `any`, so that the networks learn it too."""
    flip: bool
    """Mirror half of the real paintings, chosen at random."""
    average_halflife: Annotated[float, pydantic.Field(ge=0)]
    """Half-life, in steps, of the exponential moving average of both networks' weights; 0 uses the current weights."""
    average_rampup: Annotated[float, pydantic.Field(gt=0, le=1)] = 0.05
    """The half-life is at most this share of the steps so far."""
    falling_share: Annotated[float, pydantic.Field(ge=0, le=1)] = 0.0
    """Share of the steps, at the end of the run, over which both learning rates fall in a straight line towards 0."""
    precision: Precision
    """Precision that the networks compute in. Weights and the penalty's norm stay in float32."""
    label_steps: Annotated[int, pydantic.Field(ge=0)] = 0
    """Number of first pre-training steps, in which the critic learns only labels, from real paintings."""
    augmentation: Annotated[float, pydantic.Field(ge=0, le=1)] = 0.0
    """Probability of each change in `common.data.augmentation`, for each picture that the critic sees."""
    pictures_in: Residence = "auto"
    """Where the training pictures are kept."""

    def __post_init__(self) -> None:
        if self.label_steps > self.pretraining_steps:
            raise ValueError(
                f"label_steps {self.label_steps} must be at most pretraining_steps, {self.pretraining_steps}: they are "
                "part of pre-training"
            )

    def rate_factor(self, step: int) -> float:
        """Return the factor on the learning rates of step number `step`, above 0 and at most 1."""
        falling = self.falling_share * self.steps
        return min(1.0, (self.steps - step) / falling) if falling else 1.0

    def learns_labels_alone(self, update: int) -> bool:
        """Return True if critic update number `update` uses only real paintings and their labels."""
        return update < self.label_steps * self.critic_steps


@settings
class LoggingSettings:
    """How often, in steps, a run logs, paints samples, measures and saves."""

    log_every: Annotated[int, pydantic.Field(ge=1)]
    sample_every: Annotated[int, pydantic.Field(ge=1)]
    checkpoint_every: Annotated[int, pydantic.Field(ge=1)]
    keep_checkpoints: Annotated[int, pydantic.Field(ge=1)]
    """Number of newest checkpoints to keep. The one with the best FID on the validation split is kept as well."""
    fid_every: Annotated[int, pydantic.Field(ge=0)] = 0
    """Steps between measurements of the FID on the validation split, a multiple of `checkpoint_every`; 0 for none.

    The run keeps the weights with the best FID.
    """
    fid_samples: Annotated[int, pydantic.Field(ge=2)] = 1000
    """Number of generated pictures for each FID. With fewer pictures the FID is higher."""
    trackers: tuple[str, ...] = ()
    """Accelerate's trackers to log to as well: tensorboard, wandb, …"""
    when_unwritable: Literal["stop", "go-on"] = "stop"
    """What to do if a checkpoint cannot be written, as on a full disk. Earlier ones stay complete either way."""

    def __post_init__(self) -> None:
        if self.fid_every % self.checkpoint_every:
            raise ValueError(
                f"fid_every {self.fid_every} is not a multiple of checkpoint_every "
                f"{self.checkpoint_every}: the best weights need a checkpoint"
            )


@runtime_checkable
class StageSettings(Protocol):
    """What the settings of both stages have in common."""

    @property
    def loss(self) -> RealnessSettings: ...
    @property
    def training(self) -> Schedule: ...
    @property
    def generator_optimizer(self) -> OptimizerSettings: ...
    @property
    def critic_optimizer(self) -> OptimizerSettings: ...
    @property
    def logging(self) -> LoggingSettings: ...
