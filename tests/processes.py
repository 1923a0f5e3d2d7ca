"""Fresh processes that start in a moment: they are forked from a server that has imported torch and both stages.

What they run is a script, as the interpreter would run it. Nothing of the process that tests reaches them: neither its
shape checking nor its state of Accelerate.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import socket
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from multiprocessing.context import ForkServerProcess
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")
# All that a run imports late, as torch does its compiler at the first optimizer.
HEAVY = ("torch._dynamo", "torchmetrics.image.fid", "efficientnet_lite_pytorch", "matplotlib.backends.backend_agg")
SERVER.set_forkserver_preload(["stage1.training", "stage2.training", "stage2", *HEAVY])
TIMEOUT = 300


def start(
    script: Path,
    *arguments: str | Path,
    out: str | Path = os.devnull,
    errors: str | Path = os.devnull,
    environment: Mapping[str, str] | None = None,
) -> ForkServerProcess:
    """A process that runs a script; what it prints goes to the files `out` and `errors`."""
    streams = {1: str(out), 2: str(errors)}
    process = SERVER.Process(target=_run, args=(str(script), [*map(str, arguments)], streams, dict(environment or {})))
    process.start()
    return process


def launch(processes: int, script: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a script in several processes that know of each other as torchrun's do; gives what they printed.

    All of them must end well.
    """
    place = {
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        **(environment or {}),
    }
    with tempfile.TemporaryDirectory() as folder:
        out, errors = Path(folder, "out"), Path(folder, "errors")
        started = [
            start(
                script,
                *arguments,
                out=out,
                errors=errors,
                environment={**place, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            )
            for rank in range(processes)
        ]
        for process in started:
            process.join(TIMEOUT)
            process.kill()
            process.join()
        assert [process.exitcode for process in started] == [0] * processes, errors.read_text()[-4000:]
        return out.read_text(encoding="utf-8")


def _run(script: str, arguments: list[str], streams: dict[int, str], environment: dict[str, str]) -> None:
    import torch

    torch.set_num_threads(1)
    os.environ.update(environment)
    # A launched process would take more than the one thread.
    os.environ.pop("OMP_NUM_THREADS", None)
    for number, path in streams.items():
        with open(path, "a") as file:
            os.dup2(file.fileno(), number)
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).parent))
    runpy.run_path(script, run_name="__main__")


def _free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
