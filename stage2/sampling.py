"""Read and write stage II's export: its networks, and inside it the stage I that they were trained on.

`stage2.training` writes it; `stage2.painter` paints with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from common.backbones import trusted
from common.config import settings
from common.curation import Opinions
from common.nn.features import MapReader
from common.randomness import Purpose, generator_for
from common.runs.exports import load_network, read_export_config, weights_hash, write_export
from common.vocabulary import Vocabulary
from stage1.sampling import SHIPPED as STAGE1_SHIPPED
from stage1.sampling import Stage1Painter
from stage2.config import Networks
from stage2.critic import Critic
from stage2.networks import build_critic, build_generator, eyes_of, look

TRAIN_COMMAND = "accelerate launch scripts/train_stage2.py"
RUN = Path("runs/stage2")
SHIPPED = Path(__file__).with_name("weights")
"""The export that comes with the project; its README.md is its model card."""
STAGE1_FOLDER = "stage1"
"""Inside the folder of an export."""


@settings
class Stage2Export:
    """The content of config.json in stage II's export."""

    stage: int
    networks: Networks
    vocabulary: Vocabulary
    eyes: str = ""
    """The weights of the frozen network whose maps the critic learnt from; empty for a critic of pixels alone."""


@dataclass
class Stage2Networks:
    """Stage II's networks. The critic is loaded at first use, because painting does not need it."""

    export: Stage2Export
    generator: nn.Module
    weights: str
    """Hash of the generator's weights."""
    critic_weights: Path

    @classmethod
    def load(cls, folder: Path, device: torch.device | str = "cpu") -> Stage2Networks:
        """Load stage II from its export, without the stage I inside. Raises UserError as `Painter.load` does."""
        export, weights = read_export_config(folder, Stage2Export), folder / "generator.safetensors"
        num_labels = len(export.vocabulary.genres), len(export.vocabulary.styles)
        generator = load_network(partial(build_generator, export.networks, *num_labels), weights, device)
        return cls(export, generator, weights_hash(weights), folder / "critic.safetensors")

    @cached_property
    def critic(self) -> Critic | None:
        """The critic; None if the export has none."""
        vocabulary = self.export.vocabulary
        build = partial(build_critic, self.export.networks, len(vocabulary.genres), len(vocabulary.styles))
        return load_network(build, self.critic_weights, self.device) if self.critic_weights.is_file() else None

    @torch.no_grad()
    def opinions(
        self, images: Float[Tensor, "b 3 size size"], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Opinions | None:
        """Return the critic's opinions on pictures of these labels; None if the export has no critic.

        With eyes it sees the middle of each picture at full size. Raises UserError if their packages are not installed.
        """
        if self.critic is None:
            return None
        pixels, maps = look(self._eyes, images, images.new_full((len(images), 2), 0.5))
        scores, *logits, _ = self.critic(
            self.critic.views(pixels, maps), genres.to(self.device), styles.to(self.device)
        )
        return Opinions(scores.cpu().numpy(), *(kind.mean(dim=1).cpu().numpy() for kind in logits))

    @cached_property
    def _eyes(self) -> MapReader | None:
        return trusted(eyes_of(self.export.networks), self.export.eyes, self.critic_weights, self.device)

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return next(self.generator.parameters()).device


def stage1_of(export: Path) -> Path:
    """Return the folder of the stage I in an export of stage II. The project keeps its own in `stage1/weights`."""
    return STAGE1_SHIPPED if export.resolve() == SHIPPED.resolve() else export / STAGE1_FOLDER


def draw_noise(seeds: Iterable[int], noise_dim: int) -> Float[Tensor, "b n"]:
    """Draw stage II's noise, one row per seed, independent of the other seeds."""
    rows = [generator_for(seed, Purpose.STAGE2_NOISE).standard_normal(noise_dim, dtype=np.float32) for seed in seeds]
    return torch.from_numpy(np.stack(rows))


def save_export(
    folder: Path,
    networks: Networks,
    vocabulary: Vocabulary,
    stage1: Stage1Painter,
    modules: Mapping[str, nn.Module],
    *,
    eyes: str = "",
) -> None:
    """Write a run's export: stage II's networks, and inside it the stage I that they were trained on.

    `eyes` names the weights of the frozen network that the critic reads.
    """
    stage1.save(folder / STAGE1_FOLDER)
    write_export(folder, Stage2Export(stage=2, networks=networks, vocabulary=vocabulary, eyes=eyes), modules)
