"""What all visitors of the page share: the newest weights, the folders, and the dataset to compare with."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image

from common.errors import UserError
from common.files import whole_file
from stage2.painter.painter import Painter
from stage2.studio.session import Hung, Session
from stage2.studio.weights import Newest

SHA256 = 64
"""Hexadecimal digits."""


def prepare(folder: Path) -> None:
    """Make gradio keep its files in a folder, and send nothing home. Call it before gradio is imported."""
    os.environ |= {"GRADIO_TEMP_DIR": str(folder), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}


@contextlib.contextmanager
def uploaded(path: str, folder: Path) -> Iterator[Path]:
    """Yield an upload's file and delete it afterwards. Raises UserError if there is no such upload.

    gradio keeps one file for all who upload the same, so it may be gone; and other paths are another visitor's.
    """
    file = Path(path).resolve()
    # Uploads lie in folders named by their sha256, pictures of visitors in shorter ones.
    if file.parent.parent != folder.resolve() or len(file.parent.name) < SHA256 or not file.is_file():
        raise UserError("the upload is gone; choose the file again")
    try:
        yield file
    finally:
        shutil.rmtree(file.parent, ignore_errors=True)


class Workshop:
    """Opens what the page needs, once for everyone."""

    def __init__(self, weights: Newest, folder: Path, out: Path | None = None, data: Path | None = None) -> None:
        self.weights, self.folder, self.out, self.data = weights, folder, out, data
        """`folder` goes when the page ends; `out` stays, and gets whatever is kept."""
        self._saving = threading.Lock()

    @property
    def painter(self) -> Painter:
        """A painter with the newest weights."""
        return self.weights.painter()

    def keep(self, one: Hung, session: Session) -> None:
        """Keep a picture, and write it to `out`, if there is one, under a name of its own; both only once."""
        if one.kept:
            return
        session.keep(one)
        if self.out is None:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        # Visitors keep pictures at once, and these may have the same name.
        with self._saving:
            names = (f"{one.path.stem}{f'_{number}' if number else ''}.png" for number in count())
            path = next(self.out / name for name in names if not (self.out / name).exists())
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
