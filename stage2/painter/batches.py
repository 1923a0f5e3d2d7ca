"""Group requests into batches as large as the device's memory allows. Used by `stage2.sampling`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice

import torch
from jaxtyping import Float
from torch import Tensor

from common.errors import UserError
from stage2.painter.requests import Request

CPU_BATCH = 16
"""Pictures per batch on a CPU; more are not faster."""
DEVICE_BATCH = 256
"""Pictures per batch that a GPU tries first."""


class Batches:
    """Paints any number of requests in constant memory, and finds the batch size by itself."""

    def __init__(self, paint: Callable[[Sequence[Request]], Tensor], device: torch.device) -> None:
        """`paint` paints requests of one resolution, and may raise torch.OutOfMemoryError."""
        self._paint = paint
        self.size = CPU_BATCH if device.type == "cpu" else DEVICE_BATCH
        """Pictures per batch; halved when the device runs out of memory."""

    def of(self, requests: Iterable[Request]) -> Iterator[tuple[list[Request], Float[Tensor, "b 3 side side"]]]:
        """Yield batches of requests, in their order, with their pictures. Each request must have a resolution."""
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
                raise UserError("the device has too little memory for one picture; use --device cpu")
            else:
                self.size = len(part) // 2

    def _painted_if_it_fits(self, batch: list[Request]) -> Tensor | None:
        try:
            return self._paint(batch)
        except torch.OutOfMemoryError:
            return None
