"""Share items between the processes of a launcher, and gather the results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed
from tqdm import tqdm

from common.machine import launched_place

BATCH = 32
T = TypeVar("T")


@dataclass(frozen=True)
class Share:
    """The part of a list of items that this process works on. By default it is alone. Process 0 writes the results."""

    process: int = 0
    processes: int = 1

    def of(self, count: int) -> range:
        """Return the indices of this process's share of `count` items, in one run; sizes differ by at most one."""
        return range(count * self.process // self.processes, count * (self.process + 1) // self.processes)

    def batches(self, count: int, size: int = BATCH) -> Iterator[range]:
        """Yield this process's share in runs of at most `size`; show progress if that takes more than a moment."""
        own = self.of(count)
        hidden = None if self.process == 0 else True  # None shows the bar only on a terminal.
        with tqdm(total=len(own), unit="picture", disable=hidden, dynamic_ncols=True, leave=False, delay=2) as progress:
            for start in range(0, len(own), size):
                yield own[start : start + size]
                progress.update(len(own[start : start + size]))

    def gather(self, own: Sequence[T]) -> list[T]:
        """Return the items of all shares in order, on every process. Collective: every process must call it."""
        if self.processes == 1:
            return list(own)
        parts: list[Sequence[T]] = [[] for _ in range(self.processes)]
        torch.distributed.all_gather_object(parts, own)
        return [item for part in parts for item in part]

    def leave(self) -> None:
        """Wait for the other processes and close the process group."""
        if self.processes > 1:
            torch.distributed.barrier()
            torch.distributed.destroy_process_group()


def join_launched_processes(device: torch.device) -> Share:
    """Return this process's share among those started by one launcher; everything if it was started alone."""
    share = Share(*launched_place())
    if share.processes > 1:
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return share
