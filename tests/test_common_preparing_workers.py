"""Decoding by the workers of a Dask cluster: two real ones on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from commands import ROOT
from tiny_data import prepared, random_picture, write_collection

from common.errors import UserError
from common.preparing.sources.files import Entry, Listing
from common.preparing.sources.opening import open_source
from common.preparing.workers import _require_alike

SCRIPT = """
import sys
from distributed import Scheduler, Worker
import asyncio

async def run(kind, address):
    if kind == "scheduler":
        server = Scheduler(host="127.0.0.1", port=0, dashboard_address=":0")
    else:
        server = Worker(address, nthreads=1)
    async with server:
        print(server.address, flush=True)
        await server.finished()

asyncio.run(run(*sys.argv[1:]))
"""


@pytest.fixture
def collection_of_many(tmp_path: Path) -> Path:
    pictures = {f"{number:03}.png": random_picture(number) for number in range(300)}
    return write_collection(tmp_path / "many", pictures, dict.fromkeys(pictures, ("portrait", "cubism")))


def start(kind: str, address: str = "") -> tuple[subprocess.Popen[str], str]:
    """Start a scheduler or a worker; return its process and address."""
    pytest.importorskip("distributed")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, kind, address]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment, cwd="/"
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """A scheduler's address, and its two workers."""
    scheduler, address = start("scheduler")
    workers = [start("worker", address)[0] for _ in range(2)]
    try:
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.communicate()


def contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_two_workers_make_the_dataset_that_this_machine_makes_and_one_may_be_killed(
    collection_of_many: Path, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[str]]]
) -> None:
    address, workers = cluster
    (collection_of_many / "017.png").write_bytes(b"no picture")
    prepared(collection_of_many, tmp_path / "here")
    prepared(collection_of_many, tmp_path / "there", scheduler=address)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")

    listing = open_source(str(collection_of_many))()

    def entries() -> Iterator[Entry]:
        for number, entry in enumerate(listing.entries):
            if number == 200:
                workers[0].send_signal(signal.SIGKILL)
            yield entry

    prepared(lambda: Listing(listing.name, entries(), 300), tmp_path / "one", scheduler=address)
    assert contents(tmp_path / "one") == contents(tmp_path / "here")


@pytest.mark.slow
def test_a_source_that_workers_do_not_see_is_refused_before_anything_is_read(
    collection_of_many: Path,
    tmp_path: Path,
    cluster: tuple[str, list[subprocess.Popen[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"does not read the first pictures as this machine does; give a source that"):
        prepared(Path("many"), tmp_path / "data", scheduler=cluster[0])
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_a_cluster_that_is_lost_leaves_what_was_there(collection_of_many: Path, tmp_path: Path) -> None:
    prepared(collection_of_many, tmp_path / "data")
    before = contents(tmp_path / "data")
    scheduler, address = start("scheduler")
    worker, _ = start("worker", address)
    listing = open_source(str(collection_of_many))()

    def entries() -> Iterator[Entry]:
        for number, entry in enumerate(listing.entries):
            if number == 200:
                scheduler.kill()
            yield entry

    try:
        with pytest.raises(UserError, match=r"was lost .*; nothing was changed$"):
            prepared(lambda: Listing("many", entries(), 300), tmp_path / "data", scheduler=address, overwrite=True)
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.communicate()
    assert contents(tmp_path / "data") == before


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "nonsense://x", "tcp://"])
def test_an_address_that_does_not_answer_is_refused_in_one_line_and_nothing_is_lost(
    collection: Path, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("common.preparing.workers.SECONDS_TO_ANSWER", 1)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dataset.json").write_text("{}")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = address.format(port=closed.getsockname()[1])
        with pytest.raises(
            UserError, match=rf"^no Dask scheduler answers at {address} \(.*\); start one with: "
        ) as caught:
            prepared(collection, tmp_path / "data", scheduler=address, overwrite=True)
    assert "\n" not in str(caught.value)
    assert contents(tmp_path / "data") == {"dataset.json": b"{}"}


def test_without_the_package_the_extra_is_named(
    collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        UserError, match=r'^--scheduler needs distributed; install it .*: pip install -e "\.\[cluster\]"$'
    ):
        prepared(collection, tmp_path / "data", scheduler="tcp://127.0.0.1:8786")
    assert not (tmp_path / "data").exists()


def test_workers_that_are_missing_or_lack_the_program_are_told_apart() -> None:
    for answers, message in (
        ({}, r"has no workers; start some, such as: dask worker tcp://a"),
        ({"tcp://b": ModuleNotFoundError("No module named 'common'")}, r"tcp://b cannot run this program \(No module "),
    ):
        with pytest.raises(UserError, match=message):
            _require_alike(answers, [], "tcp://a")
    _require_alike({"tcp://b": [[b"1"]]}, [[b"1"]], "tcp://a")
