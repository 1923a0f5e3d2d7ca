"""What stage I's settings refuse."""

from __future__ import annotations

import pytest

from common import config
from common.errors import UserError
from stage1.config import PRESETS, Stage1Config


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("networks.generator_channels=[8]", "networks.generator_channels: tuple should have at least 2 items"),
        ("networks.critic_width=0", "networks.critic_width"),
        ("networks.architecture=dcgan", "networks"),
        ("networks.critic_width=1000000000", "networks.critic_width: input should be less than or equal to 65536"),
        ("networks.latent_dim=1000000000000000000000", "networks.latent_dim"),
        ("training.batch_size=0", "training.batch_size"),
        ("training.batch_size=1000000000000000", "training.batch_size"),
        ("training.seed=18446744073709551616", "training.seed"),
        ("generator_optimizer.betas=[0.5,1.0]", "generator_optimizer.betas"),
        ("training.flip=maybe", "training.flip"),
        ("loss.gradient_penalty=-1", "loss.gradient_penalty"),
        ("training.precision=float16", "training.precision"),
        ("training.label_steps=101", "label_steps 101 must be at most pretraining_steps, 100"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(override: str, message: str) -> None:
    with pytest.raises(UserError, match=r"default\.yaml") as caught:
        config.load(Stage1Config, PRESETS / "default.yaml", [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
