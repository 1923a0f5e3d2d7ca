"""Settings that both stages' configurations share."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from common.config import settings

Precision = Literal["float32", "bfloat16", "auto"]
"""`auto` is bfloat16 where the hardware has instructions for it, float32 elsewhere."""


@settings
class OptimizerSettings:
    """Adam (Kingma and Ba 2015)."""

    learning_rate: Annotated[float, pydantic.Field(gt=0)]
    betas: tuple[float, float]


@settings
class LoggingSettings:
    """How often, in steps, a run shows and saves itself."""

    log_every: Annotated[int, pydantic.Field(ge=1)]
    sample_every: Annotated[int, pydantic.Field(ge=1)]
    checkpoint_every: Annotated[int, pydantic.Field(ge=1)]
    keep_checkpoints: Annotated[int, pydantic.Field(ge=1)]
    """Older checkpoints are removed."""
