"""Share items between the processes of a launcher, and gather the results."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed
from jaxtyping import Shaped


@dataclass(frozen=True)
class Share:
    """The part of a list of items that this process works on. By default it is alone."""

    process: int = 0
    processes: int = 1

    @property
    def is_main(self) -> bool:
        """True for the process that writes the results."""
        return self.process == 0

    def of(self, count: int) -> range:
        """Return the indices of this process's share of `count` items, in one run; sizes differ by at most one."""
        return range(count * self.process // self.processes, count * (self.process + 1) // self.processes)

    def gather(self, own: Shaped[np.ndarray, "n_own ..."]) -> Shaped[np.ndarray, "n ..."]:
        """Return all shares in order, on every process. Collective: every process must call it."""
        if self.processes == 1:
            return own
        parts: list[np.ndarray | None] = [None] * self.processes
        torch.distributed.all_gather_object(parts, own)
        return np.concatenate([part for part in parts if part is not None])

    def everywhere(self, own: bool) -> bool:
        """Return True if `own` is true on every process. Collective."""
        return bool(self.gather(np.array([own])).all())

    def leave(self) -> None:
        """Wait for the other processes and close the process group."""
        if self.processes > 1:
            torch.distributed.barrier()
            torch.distributed.destroy_process_group()


def join_launched_processes(device: torch.device) -> Share:
    """Return this process's share among those started by one launcher; everything if it was started alone."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes == 1:
        return Share()
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Share(torch.distributed.get_rank(), processes)
