"""What all visitors of the page share: the newest weights, the folders, and the dataset to compare with."""

from __future__ import annotations

import os
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from common.files import whole_file
from stage2.painter.painter import Painter
from stage2.studio.session import Hung
from stage2.studio.weights import Newest


def prepare(folder: Path) -> None:
    """Make gradio keep its files in a folder, and send nothing home. Call it before gradio is imported."""
    os.environ |= {"GRADIO_TEMP_DIR": str(folder), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}


class Workshop:
    """Opens what the page needs, once for everyone."""

    def __init__(self, weights: Newest, folder: Path, out: Path | None = None, data: Path | None = None) -> None:
        self.weights, self.folder, self.out, self.data = weights, folder, out, data
        """`folder` goes when the page ends; `out` stays, and gets whatever is kept."""

    @property
    def painter(self) -> Painter:
        """A painter with the newest weights."""
        return self.weights.painter()

    def save(self, one: Hung) -> None:
        """Write a kept picture to `out`, if there is one, under a name of its own."""
        if self.out is None:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        number = 0
        while True:
            path = self.out / f"{one.path.stem}{f'_{number}' if number else ''}.png"
            if not path.exists():
                break
            number += 1
        with whole_file(path) as partial:
            shutil.copyfile(one.path, partial)

    def beside_nearest(self, one: Hung) -> Image.Image:
        """Return a painting beside its nearest training paintings. Raises UserError if the dataset cannot be read."""
        # Imported here, because only this needs the packages for evaluation.
        from common.evaluation.report import nearest_sheet

        assert self.data is not None
        dataset, network = self._compared_with
        with Image.open(one.path) as picture:
            asked, seen = one.origin.request, picture.convert("RGB")
        size, sizes = asked.resolution or self.painter.resolutions[-1], dataset.description.sizes
        size = size if size in sizes else sizes[-1]
        return nearest_sheet(dataset, size, network, [seen.resize((size, size))], [one.caption])

    @cached_property
    def _compared_with(self) -> Any:
        from common.data.dataset import PaintingDataset
        from common.evaluation.features import default_feature_network, load_feature_network

        assert self.data is not None
        return PaintingDataset(self.data), load_feature_network(default_feature_network(), None, self.painter.device)
