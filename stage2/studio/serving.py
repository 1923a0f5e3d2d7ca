"""Serve the page until it is told to end. Imports gradio only once its folders are set."""

from __future__ import annotations

import signal
import socket
import tempfile
import threading
from pathlib import Path

import torch

from common.errors import UserError, missing_package
from stage2.studio.weights import Newest
from stage2.studio.workshop import Workshop, prepare


def serve(
    weights: Path | None,
    *,
    device: torch.device | str = "cpu",
    host: str = "127.0.0.1",
    port: int | None = None,
    auth: tuple[str, str] | None = None,
    out: Path | None = None,
    data: Path | None = None,
) -> None:
    """Print the page's address, and serve it until SIGINT or SIGTERM.

    `auth` is a name and a password to ask visitors for, `out` gets what is kept, `data` is a dataset to compare with.
    Without `port` the first free one from 7860 is taken. Raises UserError for weights, packages and addresses that
    cannot be used.
    """
    _require_free(host, port)
    with tempfile.TemporaryDirectory(prefix="atelier-") as folder:
        prepare(Path(folder))
        try:
            from stage2.studio import page
        except ImportError as error:
            raise missing_package("the studio", "gradio", extra="studio") from error
        shop = Workshop(Newest(weights, torch.device(device)), Path(folder), out, data)
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        with page.served(shop, host, port, auth) as address:
            print(f"the studio is at {address} (Ctrl-C ends it)", flush=True)
            ended.wait()


def _require_free(host: str, port: int | None) -> None:
    """Raise UserError if nothing can listen at an address. gradio would look up a wrong name a hundred times."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except (OSError, UnicodeError) as error:
        place = f"{host} port {port}" if port else host
        raise UserError(f"the page cannot be served at {place} ({error}); choose another --port or --host") from None
