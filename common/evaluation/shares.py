"""A process's share of work that several processes divide, and how the parts come together again."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed
from jaxtyping import Shaped


@dataclass(frozen=True)
class Share:
    """Which part of a row of items this process works on."""

    process: int = 0
    processes: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes what all have worked out."""
        return self.process == 0

    def of(self, count: int) -> range:
        """This process's places of `count`: every place is in exactly one share, however uneven they are."""
        return range(count * self.process // self.processes, count * (self.process + 1) // self.processes)

    def gather(self, own: Shaped[np.ndarray, "n_own ..."]) -> Shaped[np.ndarray, "n ..."]:
        """All shares in order, on every process. Collective: every process has to call it."""
        if self.processes == 1:
            return own
        parts: list[np.ndarray | None] = [None] * self.processes
        torch.distributed.all_gather_object(parts, own)
        return np.concatenate([part for part in parts if part is not None])

    def everywhere(self, own: bool) -> bool:
        """Whether all processes say so. Collective."""
        return bool(self.gather(np.array([own])).all())

    def leave(self) -> None:
        """Wait for the other processes, and exchange nothing any more."""
        if self.processes > 1:
            torch.distributed.barrier()
            torch.distributed.destroy_process_group()


def join_launched_processes(device: torch.device) -> Share:
    """The share of this process among those that a launcher started together; all of it where it was started alone."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes == 1:
        return Share()
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Share(torch.distributed.get_rank(), processes)
