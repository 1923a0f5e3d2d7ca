"""The painter that the page paints with: the newest export of a run, which may still be training."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import torch

from common.errors import UserError
from common.runs.exports import CONFIG
from stage2.painter.painter import Painter


class Newest:
    """Loads weights, and loads them again once their files have changed."""

    def __init__(self, path: Path | None, device: torch.device) -> None:
        """Load a run or an export, by default the one that `Painter.load` takes. Raises UserError as it does."""
        self._path, self._device, self._lock = path, device, threading.Lock()
        self._painter = self._loaded()
        self._stamp = self._stamp_now()

    def painter(self) -> Painter:
        """Return a painter with the newest weights; while they are being written, with those before."""
        with self._lock:
            stamp = self._stamp_now()
            if stamp != self._stamp:
                # If half of the export is new and half is old, the next call finds it whole.
                with contextlib.suppress(UserError):
                    self._painter, self._stamp = self._loaded(), stamp
            return self._painter

    def _loaded(self) -> Painter:
        painter = Painter.load(self._path, self._device)
        if painter.device.type == "cpu":
            # One after another they are as fast on a CPU, and the first is there sooner.
            painter.batch_size = 1
        return painter

    def _stamp_now(self) -> tuple[int, ...]:
        folder = self._painter.folder
        files = [folder / CONFIG, folder / "generator.safetensors"]
        return tuple(path.stat().st_mtime_ns for path in files if path.exists())
