"""Train lightweight-gan 1.2.1 on a CPU, on a prepared dataset, and paint with it, to compare with.

It runs in an environment of its own, because its torchvision may not fit this project's torch:

    python -m venv peer
    peer/bin/pip install "torch>=2.8,<2.14" lightweight-gan==1.2.1
    peer/bin/python scripts/train_lightweight_gan.py --data data --minutes 30 --out peer-paintings
    python scripts/evaluate.py images peer-paintings/pictures --data data

Its calls of CUDA are taken out and pictures come from memory. Networks, losses and settings are its own, but for its
attention layers, which are left out, and batches of 32 instead of 4 times 10.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn
from unittest.mock import MagicMock, patch

import numpy as np
import torch
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE, BATCH = 64, 32
WITHOUT_CUDA = {
    "self.cuda(rank)": "pass",
    ".cuda(self.rank)": "",
    "f'cuda:{self.rank}'": "'cpu'",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Train lightweight-gan 1.2.1 on a CPU and paint with it; needs an environment of its own.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="dataset folder")
    parser.add_argument("--minutes", type=float, default=30, help="time to train")
    parser.add_argument("--samples", type=int, default=1000, help="how many pictures to paint")
    parser.add_argument("--out", type=Path, default=Path("peer-paintings"), help="folder for the pictures")
    arguments = parser.parse_args()

    if not (0 < arguments.minutes < float("inf") and arguments.samples > 0):
        fail("--minutes and --samples have to be above 0")
    paintings = training_paintings(arguments.data)
    torch.manual_seed(0)
    trainer = peer_module().Trainer(
        image_size=SIZE, batch_size=BATCH, gradient_accumulate_every=1, attn_res_layers=[], disc_output_size=1,
        results_dir=arguments.out / "results", models_dir=arguments.out / "models",
        evaluate_every=10**9, save_every=10**9, calculate_fid_every=None, use_aim=False,
    )  # fmt: skip
    trainer.clear()
    trainer.loader = batches(paintings)
    # As its own loader sets it for small collections.
    trainer.aug_prob = min(0.5, (1e5 - len(paintings)) * 3e-6)
    trainer.init_GAN()
    trainer.evaluate = lambda *_, **__: None  # It would write samples of its own.
    end = time.monotonic() + 60 * arguments.minutes
    while time.monotonic() < end:
        trainer.train()
        print(f"step {trainer.steps}, {(time.monotonic() - end) / 60 + arguments.minutes:.1f} minutes", flush=True)

    trainer.GAN.eval()
    folder = arguments.out / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, arguments.samples, BATCH):
        latents = torch.randn(min(BATCH, arguments.samples - start), trainer.GAN.latent_dim)
        # The average of its weights begins after 20 000 steps; before, the networks themselves paint.
        for place, picture in enumerate(trainer.generate_(trainer.GAN.G, latents), start):
            pixels = (255 * picture).round().byte().permute(1, 2, 0).numpy()
            Image.fromarray(pixels).save(folder / f"{place:05}.png")


def peer_module() -> ModuleType:
    """Return the peer's module without its calls of CUDA."""
    package = importlib.util.find_spec("lightweight_gan")
    if package is None or package.submodule_search_locations is None:
        fail("lightweight-gan is missing; install it in an environment of its own, as this script's first lines say")
    path = Path(package.submodule_search_locations[0]) / "lightweight_gan.py"
    source = path.read_text(encoding="utf-8")
    for call, instead in WITHOUT_CUDA.items():
        source = source.replace(call, instead)
    # Its loader, which is replaced, is all that needs torchvision, and that may not fit a torch built for CPUs.
    sys.modules["torchvision"] = MagicMock()
    module = ModuleType("peer")
    with patch("torch.cuda.is_available", return_value=True):  # Or the package does not load.
        exec(compile(source, path, "exec"), module.__dict__)
    return module


def training_paintings(folder: Path) -> np.ndarray:
    """Return the training paintings of a prepared dataset, as bytes [n 3 64 64]."""
    files, labels = sorted(folder.glob(f"images-{SIZE}*.npy")), folder / "labels.csv"
    if not (files and labels.exists()):
        fail(f"{folder} is no dataset with pictures of {SIZE} pixels; prepare it with scripts/prepare_data.py")
    with labels.open(newline="", encoding="utf-8") as rows:
        chosen = [row["split"] == "train" for row in csv.DictReader(rows)]
    if sum(chosen) < BATCH:
        fail(f"{folder} has {sum(chosen)} training paintings, fewer than a batch of {BATCH}; add some")
    return np.concatenate([np.load(file) for file in files])[chosen].transpose(0, 3, 1, 2)


def batches(paintings: np.ndarray) -> Iterator[torch.Tensor]:
    """Yield batches [b 3 64 64] in [0, 1], every painting once before any comes again."""
    shuffle = np.random.default_rng(0)
    while True:
        for rows in shuffle.permutation(len(paintings) // BATCH * BATCH).reshape(-1, BATCH):
            yield torch.from_numpy(paintings[rows]).float() / 255


def fail(message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}; choose another path")
