"""A sheet that shows each picture beside its nearest training paintings, to see whether it is new."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Int
from PIL import Image
from tqdm import tqdm

from common.data.dataset import PaintingDataset
from common.evaluation.features import FeatureNetwork, default_feature_network, load_feature_network
from common.evaluation.references import BATCH, features_of, split_features
from common.images import as_pictures, captioned_grid
from common.shares import Share

SHOWN = 4
"""Number of paintings beside each picture."""
TITLE = 40
"""Most characters of a painting's caption."""


class Collection:
    """The training paintings of a dataset, to find the nearest of a picture."""

    def __init__(self, dataset: PaintingDataset, size: int, network: FeatureNetwork) -> None:
        """Raise UserError if the dataset has no copies of `size` pixels."""
        self._dataset, self._network, self._size = dataset, network, size
        self._train = dataset.split("train", size)

    @classmethod
    def opened(cls, folder: Path, size: int, device: torch.device) -> Collection:
        """Open a dataset folder with the default feature network. Raise UserError if either is missing."""
        return cls(PaintingDataset(folder), size, load_feature_network(default_feature_network(), device=device))

    def sheet(self, pictures: Sequence[Image.Image], captions: Sequence[str]) -> Image.Image:
        """Return a sheet with a row per picture: the picture, then the paintings nearest to it or its mirror image.

        Each painting's caption shows its distance in features. The features of the paintings are stored in the dataset.
        """
        with tqdm(total=len(self._train), unit="painting", disable=None, dynamic_ncols=True, leave=False) as progress:
            stored = split_features(self._dataset, "train", self._size, self._network, Share(), progress.update)
        pixels = torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures]))
        images = rearrange(pixels, "b h w c -> b c h w")
        features, mirrored = (
            features_of(self._network, iter(torch.split(side, BATCH)), lambda _: None)
            for side in (images, images.flip(3))
        )
        distances, places = several_nearest(features, mirrored, stored, min(SHOWN, len(stored)))
        rows = self._train.rows.cpu().numpy()
        tiles: list[Image.Image] = []
        words: list[str] = []
        for picture, caption, near, away in zip(pictures, captions, places, distances, strict=True):
            tiles += [picture, *as_pictures(self._train.pictures(near).cpu().numpy())]
            titles = [shorten(title, TITLE, placeholder=" …") for title in self._dataset.captions(rows[near].tolist())]
            words += [caption, *(f"{distance:.1f}\n{title}" for distance, title in zip(away, titles, strict=True))]
        return captioned_grid(tiles, words, 1 + places.shape[1])


def several_nearest(
    pictures: Float[np.ndarray, "n f"],
    mirrored: Float[np.ndarray, "n f"],
    collection: Float[np.ndarray, "m f"],
    count: int,
) -> tuple[Float[np.ndarray, "n j"], Int[np.ndarray, "n j"]]:
    """Return distances and indices of the `count` nearest paintings, of each picture or its mirror image."""
    stored = torch.from_numpy(collection)
    either = torch.minimum(*(torch.cdist(torch.from_numpy(side), stored) for side in (pictures, mirrored)))
    found = either.topk(count, dim=1, largest=False)
    return found.values.numpy(), found.indices.numpy()
