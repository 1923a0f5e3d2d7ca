"""Requests one after the other to batches of pictures, as large as the device takes. `stage2.sampling` paints them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice

import torch
from jaxtyping import Float
from torch import Tensor

from common.errors import UserError
from stage2.painting import Request

CPU_BATCH = 16
"""Where more is not faster."""
DEVICE_BATCH = 256
"""What is tried first elsewhere."""


class Batches:
    """Paints however many requests in flat memory; finds the size of a batch by itself."""

    def __init__(self, paint: Callable[[Sequence[Request]], Tensor], device: torch.device) -> None:
        """`paint` takes requests of one resolution, and may raise torch.OutOfMemoryError."""
        self._paint = paint
        self.size = CPU_BATCH if device.type == "cpu" else DEVICE_BATCH
        """Pictures at once; halved as soon as the device's memory is too small for them."""

    def of(self, requests: Iterable[Request]) -> Iterator[tuple[list[Request], Float[Tensor, "b 3 side side"]]]:
        """Requests that have a resolution, in their order, with their pictures."""
        for _, alike in groupby(requests, key=lambda request: request.resolution):
            while batch := list(islice(alike, self.size)):
                yield from self._in_parts(batch)

    def _in_parts(self, batch: list[Request]) -> Iterator[tuple[list[Request], Tensor]]:
        start = 0
        while start < len(batch):
            part = batch[start : start + self.size]
            images = self._painted_if_it_fits(part)
            if images is not None:
                start += len(part)
                yield part, images
            elif len(part) == 1:
                raise UserError("the device's memory is too small for one picture; give --device cpu")
            else:
                self.size = len(part) // 2

    def _painted_if_it_fits(self, batch: list[Request]) -> Tensor | None:
        try:
            return self._paint(batch)
        except torch.OutOfMemoryError:
            return None
