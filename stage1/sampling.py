"""Read and write stage I's export, and paint with it: 64-pixel pictures from seeds and genres.

Stage II and the scripts use stage I through this module. A picture depends only on its own seed and genre.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from common.backbones import trusted
from common.config import settings
from common.curation import Opinions
from common.images import to_signed
from common.nn.features import MapReader
from common.randomness import Purpose, generator_for
from common.runs.exports import find_export, load_network, read_export_config, weights_hash, write_export
from common.vocabulary import Vocabulary
from stage1.config import GangoghNetworks, Networks
from stage1.critic import Critic
from stage1.networks import build_critic, build_generator, eyes_of

SIZE = 64
TRAIN_COMMAND = "accelerate launch scripts/train_stage1.py"
RUN = Path("runs/stage1")
SHIPPED = Path(__file__).with_name("weights")
"""The weights that come with the project; their README.md says what they were trained on and how well they paint."""


@settings
class Stage1Export:
    """The contents of an export's config.json."""

    stage: int
    networks: Networks
    vocabulary: Vocabulary
    eyes: str = ""
    """The weights of the frozen network whose maps the critic learnt from; empty for a critic of pixels alone."""


@dataclass
class Stage1Painter:
    """A trained stage I, ready to paint."""

    export: Stage1Export
    generator: nn.Module
    weights: str
    """Hash of the generator's weights."""
    critic_weights: Path

    @classmethod
    def load(cls, path: Path, device: torch.device | str = "cpu") -> Stage1Painter:
        """Load a run or an export. Raises UserError that names what is missing or broken."""
        folder = find_export(path, TRAIN_COMMAND, stage=1)
        export, weights = read_export_config(folder, Stage1Export), folder / "generator.safetensors"
        build = partial(build_generator, export.networks, len(export.vocabulary.genres))
        generator = load_network(build, weights, device)
        return cls(export, generator, weights_hash(weights), folder / "critic.safetensors")

    def __post_init__(self) -> None:
        self.vocabulary = self.export.vocabulary
        self.latent_dim = self.export.networks.latent_dim

    @torch.no_grad()
    def paint(self, latents: Float[Tensor, "b z"], genres: Float[Tensor, "b k"]) -> Float[Tensor, "b 3 64 64"]:
        """Paint pictures, on the device of the weights."""
        images: Tensor = self.generator(latents.to(self.device), genres.to(self.device))
        return images

    @torch.no_grad()
    def opinions(self, images: UInt8[Tensor, "b 3 64 64"], genres: Float[Tensor, "b k"]) -> Opinions | None:
        """Return the critic's scores and genre logits of pictures of these genres; None if the export has no critic.

        Raises UserError if the critic reads a frozen network whose packages are not installed.
        """
        if self.critic is None:
            return None
        signed = to_signed(images.to(self.device))
        maps = () if self._eyes is None else self._eyes(signed)
        scores, logits = self.critic(self.critic.views(signed, maps), genres.to(self.device))
        return Opinions(scores.cpu().numpy(), logits.mean(dim=1).cpu().numpy(), None)

    @cached_property
    def _eyes(self) -> MapReader | None:
        return trusted(eyes_of(self.export.networks), self.export.eyes, self.critic_weights, self.device)

    @cached_property
    def critic(self) -> Critic | None:
        """The critic, loaded on first use: painting does not need it. None if the export has none."""
        build = partial(build_critic, self.export.networks, len(self.vocabulary.genres))
        return load_network(build, self.critic_weights, self.device) if self.critic_weights.is_file() else None

    @property
    def eyes(self) -> str:
        """The name of the frozen network that the critic reads, or `none`."""
        networks = self.export.networks
        return "none" if isinstance(networks, GangoghNetworks) else networks.features

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return next(self.generator.parameters()).device

    def save(self, folder: Path) -> None:
        """Write an export for `load` to read. Stage II's export contains one."""
        critic = {} if self.critic is None else {"critic": self.critic}
        write_export(folder, self.export, {"generator": self.generator, **critic})


def usual_weights() -> Path:
    """Return the default run folder if it exists, else the weights that come with the project."""
    return RUN if RUN.exists() else SHIPPED


def draw_latents(seeds: Iterable[int], latent_dim: int) -> Float[Tensor, "b z"]:
    """Draw a latent for each seed; it depends only on that seed."""
    rows = [generator_for(seed, Purpose.LATENT).standard_normal(latent_dim, dtype=np.float32) for seed in seeds]
    return torch.from_numpy(np.stack(rows))


def save_export(
    folder: Path,
    networks: Networks,
    vocabulary: Vocabulary,
    generator: nn.Module,
    critic: nn.Module,
    *,
    eyes: str = "",
) -> None:
    """Write a run's export: the generator, the critic, and the settings to rebuild them.

    `eyes` names the weights of the frozen network that the critic reads.
    """
    export = Stage1Export(stage=1, networks=networks, vocabulary=vocabulary, eyes=eyes)
    write_export(folder, export, {"generator": generator, "critic": critic})
