"""The second ruler: features of a classifier trained from nothing on a dataset's own training paintings.

A network that knows the photographs of a critic's eyes favours pictures that these eyes taught. This one shares no
weights, pictures or labels with them. Its size and training were chosen by accuracy on validation paintings.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools

import numpy as np
import torch
import torch.nn.functional as F
from einops import reduce
from jaxtyping import Float, UInt8
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import trange

from common.data.augmentation import NUM_DRAWS, augment
from common.data.dataset import UNLABELLED, PaintingDataset, Split
from common.evaluation.features import FeatureNetwork
from common.files import whole_file
from common.images import squares_of, to_float
from common.machine import gains_from_bfloat16
from common.randomness import Purpose, generator_for
from common.shares import Share

NAME = "dataset-classifier"
VERSION, LARGE_VERSION = 1, 2
"""Raise it when the network or its training changes, the second for pictures above `MOST_SIDE`: stored weights are then
trained anew."""
MOST_SIDE = 128
"""Larger pictures are seen twice: brought down to this side, and in squares of this side at full size."""
FIRST_MAP = 32
"""Side of the maps after the first convolution."""
WIDTHS = (32, 64, 128, 256)
"""Channels of the residual blocks; each block after the first halves the maps."""
BATCH = 64
PICTURES = 300_000
"""Pictures that the classifier trains on, all epochs together."""
MOST_EPOCHS = 16
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 0.05
AUGMENTATION, LABEL_SMOOTHING = 0.3, 0.1


class Classifier(nn.Module):
    """A small residual network (He et al. 2016b) that names genre and style.

    A call returns its pooled features. Of a picture larger than `side`, it sees the whole brought down, and four
    corners at full size: brought down alone, a painting and its copy of 64 pixels look alike. The corners' features
    are averaged and stand behind those of the whole.
    """

    def __init__(self, side: int, num_genres: int, num_styles: int) -> None:
        """`side` is that of the pictures inside, 64 or 128."""
        super().__init__()
        self.side = side
        stride = side // FIRST_MAP
        self.stem = nn.Conv2d(3, WIDTHS[0], 2 * stride, stride=stride, padding=stride // 2, bias=False)
        widths = zip((WIDTHS[0], *WIDTHS[:-1]), WIDTHS, strict=True)
        self.blocks = nn.Sequential(*(_Block(wide, wider, stride=1 + (wide != wider)) for wide, wider in widths))
        self.norm = nn.BatchNorm2d(WIDTHS[-1])
        self.genre, self.style = (nn.Linear(WIDTHS[-1], max(count, 1)) for count in (num_genres, num_styles))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: UInt8[Tensor, "b 3 h w"]) -> Float[Tensor, "b f"]:
        pixels = images.float() / 127.5 - 1
        views = [self.features(self.whole(pixels))]
        if (furthest := images.shape[-1] - self.side) > 0:
            corners = itertools.product((0, furthest), repeat=2)
            squares = [pixels[:, :, top : top + self.side, left : left + self.side] for top, left in corners]
            views.append(torch.stack([self.features(square) for square in squares]).mean(dim=0))
        return torch.cat(views, dim=1)

    def whole(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 side side"]:
        """Bring whole pictures down to the side that the network sees."""
        return F.interpolate(images, size=(self.side, self.side), mode="bilinear", antialias=True)

    def features(self, images: Float[Tensor, "b 3 side side"]) -> Float[Tensor, "b f"]:
        """Return the features of pictures in [-1, 1]."""
        maps = self.blocks(self.stem(images.contiguous(memory_format=torch.channels_last)))
        return reduce(torch.relu(self.norm(maps)), "b f h w -> b f", "mean")


class _Block(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
        )
        self.skip = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)

    def forward(self, maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c_out h_out w_out"]:
        changed: Tensor = self.skip(maps) + self.change(maps)
        return changed


def dataset_classifier(
    dataset: PaintingDataset, size: int, share: Share, device: torch.device | str = "cpu"
) -> FeatureNetwork | None:
    """Return the dataset's own classifier for pictures of `size` pixels. Trains it if nobody has yet.

    Its weights are stored in the dataset's `features/` if that is writable. Returns None if the training paintings have
    neither two genres nor two styles. Collective.
    """
    split = dataset.split("train", size)
    labels = [one for one in (split.genres, split.styles) if len(np.unique(one[one != UNLABELLED])) > 1]
    if not labels:
        return None
    side, views = min(size, MOST_SIDE), 1 + (size > MOST_SIDE)
    identity = f"{VERSION if views == 1 else LARGE_VERSION}\n{dataset.description.identity_of(size)}"
    key = hashlib.sha256(identity.encode()).hexdigest()[:8]
    path = dataset.folder / "features" / f"{NAME}-{size}-{key}.safetensors"
    # The first weights must be the same, whatever was drawn before.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Classifier(side, len(dataset.vocabulary.genres), len(dataset.vocabulary.styles))
    weights: list[dict[str, Tensor]] = []
    if share.process == 0 and path.is_file():
        weights = [load_file(path)]
    elif share.process == 0:
        print(f"training the second ruler on {len(split)} paintings, once for this dataset", flush=True)
        train(network.to(device), split, torch.device(device))
        weights = [{name: value.cpu().contiguous() for name, value in network.state_dict().items()}]
        # If the disk is full or read-only, measure without storing.
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            with whole_file(path) as partial:
                save_file(weights[0], partial)
    network.load_state_dict(share.gather(weights)[0])
    num_features = views * WIDTHS[-1]
    squares = f" and in squares of {side} at full size" if views > 1 else ""
    description = (
        f"a classifier of genre and style trained from nothing on the {len(split)} training paintings at {side} pixels"
        f"{squares}, {num_features} pooled features, {key}"
    )
    return FeatureNetwork(NAME, network, num_features=num_features, description=description).to(device)


def train(network: Classifier, split: Split, device: torch.device) -> None:
    """Train the classifier on the labelled paintings of a split."""
    labelled = np.flatnonzero((split.genres != UNLABELLED) | (split.styles != UNLABELLED))
    size = min(BATCH, len(labelled))
    steps = max(1, min(PICTURES, MOST_EPOCHS * len(labelled)) // size)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    half = gains_from_bfloat16(device)
    network.train()
    for step in trange(steps, desc=f"training the {NAME}", unit="batch", leave=False, delay=2, disable=None):
        random = generator_for(0, Purpose.CLASSIFIER, step)
        places = random.choice(labelled, size=size, replace=False)
        draws = torch.from_numpy(random.random((size, 1 + NUM_DRAWS), dtype=np.float32)).to(device)
        pictures = to_float(split.pictures(places).to(device))
        seen = network.whole(pictures)
        if (furthest := pictures.shape[-1] - network.side) > 0:
            chances = torch.from_numpy(random.random((size, 3), dtype=np.float32)).to(device)
            squares = squares_of(pictures, (chances[:, 1:] * (furthest + 1)).long(), network.side)
            seen = torch.where(chances[:, 0, None, None, None] < 0.5, squares, seen)
        seen = torch.where(draws[:, 0, None, None, None] < 0.5, seen.flip(3), seen)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            features = network.features(augment(seen, draws[:, 1:], AUGMENTATION))
            logits = network.genre(features), network.style(features)
        loss = torch.zeros((), device=device)
        for guesses, truth in zip(logits, (split.genres[places], split.styles[places]), strict=True):
            known = torch.from_numpy(truth != UNLABELLED).to(device)
            answers = torch.from_numpy(truth).to(device)[known]
            loss = loss + F.cross_entropy(
                guesses.float()[known], answers, label_smoothing=LABEL_SMOOTHING, reduction="sum"
            )
        optimizer.zero_grad()
        torch.autograd.backward(loss / size)
        optimizer.step()
        schedule.step()
    network.eval()
