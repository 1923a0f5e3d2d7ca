"""What is around the peer's training: a stand-in has its calls. The peer itself needs an environment of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from commands import Command
from PIL import Image

SCRIPT = "train_lightweight_gan.py"
STAND_IN = """
import torch
assert torch.cuda.is_available(), 'You need a GPU.'

class Trainer:
    def __init__(self, *, batch_size, **settings):
        self.rank, self.batch_size, self.steps, self.seen = 0, batch_size, 0, []

    def clear(self):
        pass

    def init_GAN(self):
        self.GAN = torch.nn.Module()
        self.GAN.latent_dim, self.GAN.G = 4, None

    def train(self):
        batch = next(self.loader).cuda(self.rank) + torch.zeros([], device=torch.device(f'cuda:{self.rank}'))
        assert batch.shape == (self.batch_size, 3, 64, 64)
        self.colour, self.steps = batch[:1], self.steps + 1

    def generate_(self, G, latents):
        return self.colour.expand(len(latents), -1, -1, -1)
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """White paintings for training, and a black one for testing, in two files."""
    folder = tmp_path / "data"
    folder.mkdir()
    np.save(folder / "images-64-00000.npy", np.zeros((1, 64, 64, 3), dtype=np.uint8))
    np.save(folder / "images-64-00001.npy", np.full((40, 64, 64, 3), 255, dtype=np.uint8))
    rows = "".join(f"{number},{'train' if number else 'test'}\n" for number in range(41))
    (folder / "labels.csv").write_text(f"index,split\n{rows}", encoding="utf-8")
    return folder


def test_it_trains_on_training_paintings_without_a_gpu_and_paints(
    command: Command, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "packages" / "lightweight_gan"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "lightweight_gan.py").write_text(STAND_IN, encoding="utf-8")
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    options = ("--data", data, "--minutes", "0.0001", "--samples", "33", "--out", tmp_path / "peer")
    code, printed, _ = command(SCRIPT, *options)
    assert code == 0
    assert printed.startswith("step 1, ")
    painted = sorted((tmp_path / "peer" / "pictures").iterdir())
    assert [path.name for path in painted] == [f"{number:05}.png" for number in range(33)]
    assert Image.open(painted[32]).getextrema() == ((255, 255),) * 3


def test_what_cannot_be_done_is_one_line(command: Command, data: Path, tmp_path: Path) -> None:
    assert "is no dataset with pictures of 64 pixels; prepare" in command.refused(SCRIPT, "--data", tmp_path / "none")
    assert "lightweight-gan is missing; install it" in command.refused(SCRIPT, "--data", data)
    for option, value in (("--minutes", "nan"), ("--minutes", "-1"), ("--samples", "0")):
        assert "have to be above 0" in command.refused(SCRIPT, "--data", data, option, value)
    (data / "labels.csv").write_text("index,split\n0,train\n", encoding="utf-8")
    assert "1 training paintings, fewer than a batch of 32" in command.refused(SCRIPT, "--data", data)
