"""Open a page on which one paints: `python scripts/studio.py`, then the address that it prints."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import torch

from command_line import Parser, at_least
from common.errors import UserError, run_command
from common.machine import own_device
from stage2.studio.serving import serve


def main() -> None:
    parser = Parser(description="Open a page on which one paints. Ctrl-C ends it.")
    weights = "run or export (default: runs/stage2, else runs/stage1, else the weights that come with the project)"
    parser.add_argument("--weights", type=Path, help=weights)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", default=device, help="torch device: cpu, cuda, cuda:1")
    parser.add_argument("--data", type=Path, help="dataset folder, to show the nearest training paintings")
    parser.add_argument("--out", type=Path, help="folder that gets what is kept (default: it goes when the page ends)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen at; others than this machine need --auth"
    )
    port = "port to listen at (default: the first free one from 7860)"
    parser.add_argument("--port", type=at_least(1, 65535), help=port)
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="ask visitors for these (default: none)")
    arguments = parser.parse_args()
    user, colon, password = (arguments.auth or "").partition(":")
    if arguments.auth is not None and not (user and password):
        raise UserError("--auth needs a name and a password; write USER:PASSWORD")
    if not colon and not _is_loopback(arguments.host):
        raise UserError(f"--host {arguments.host} lets others in; add --auth USER:PASSWORD")
    serve(
        arguments.weights,
        device=own_device(arguments.device),
        host=arguments.host,
        port=arguments.port,
        auth=(user, password) if colon else None,
        out=arguments.out,
        data=arguments.data,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    run_command(main)
