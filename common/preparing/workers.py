"""Where pictures are decoded: in processes of this machine, or by the workers of a Dask cluster.

`reading` gives pictures to either in the same way, through the interface of `concurrent.futures`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from common.errors import UserError, missing_package
from common.preparing.pictures import reason_of

SECONDS_TO_ANSWER = 10


@contextmanager
def local_pool(workers: int) -> Iterator[Executor]:
    """Give a pool of processes of this machine; what they have not begun is dropped at the end."""
    pool = ProcessPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def cluster_pool(scheduler: str, trial: Callable[[], object]) -> Iterator[tuple[Executor, int]]:
    """Give the workers of the Dask cluster whose scheduler is at an address, and their number of threads.

    A worker that dies is replaced by the others. Raises UserError if no scheduler or worker answers, if `trial` returns
    something else on a worker than here, or if the cluster is lost on the way.
    """
    try:
        from distributed import Client, KilledWorker
        from distributed.comm import CommClosedError
    except ImportError:
        raise missing_package("--scheduler", "distributed", extra="cluster") from None
    try:
        client = Client(scheduler, timeout=SECONDS_TO_ANSWER, set_as_default=False)
    except Exception as error:
        # An address that is none, and one where nothing or something else answers, each raise another exception.
        fault = f"no Dask scheduler answers at {scheduler} ({reason_of(error)})"
        raise UserError(f"{fault}; start one with: dask scheduler") from None
    with client:
        _require_alike(client.run(trial, on_error="return"), trial(), scheduler)
        try:
            yield client.get_executor(pure=False), sum(client.nthreads().values())
        except (KilledWorker, CancelledError, CommClosedError) as error:
            raise UserError(f"the cluster at {scheduler} was lost ({reason_of(error)}); nothing was changed") from None


def _require_alike(answers: Mapping[str, Any], expected: object, scheduler: str) -> None:
    if not answers:
        start = f"dask worker {scheduler} --nworkers 8 --nthreads 1"
        raise UserError(f"the scheduler at {scheduler} has no workers; start some, such as: {start}")
    for worker, answer in answers.items():
        if isinstance(answer, Exception):
            fault = f"the worker at {worker} cannot run this program ({reason_of(answer)})"
            raise UserError(f"{fault}; install it there, in the same version")
        if answer != expected:
            fault = f"the worker at {worker} does not read the first pictures as this machine does"
            raise UserError(f"{fault}; give a source that all see at the same path, and install the same Pillow")
