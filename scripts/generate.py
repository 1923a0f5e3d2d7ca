"""Paint: `python scripts/generate.py --genre portrait --style renaissance --count 4 --seed 7`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import torch

from common.errors import UserError, run_command
from common.images import labelled_grid
from common.machine import own_device
from common.vocabulary import ANY
from stage2 import Painter

COLUMNS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description="Paint pictures of a genre in a style.")
    parser.add_argument("--genre", default=ANY, help="a name, a blend such as portrait:0.7,landscape:0.3, or any")
    parser.add_argument("--style", default=ANY, help="a name, a family, a blend, or any")
    parser.add_argument("--count", type=int, default=1, help="how many, each with the next seed")
    parser.add_argument("--seed", type=int, default=0, help="of the first picture")
    parser.add_argument("--resolution", type=int, help="64, or what stage II paints (default: the largest)")
    parser.add_argument("--weights", type=Path, default=Path("runs/stage2"), help="run or export (runs/stage2)")
    parser.add_argument("--out", type=Path, default=Path("paintings"), help="folder for the pictures (paintings)")
    parser.add_argument("--grid", action="store_true", help="one sheet of all pictures instead of a file each")
    parser.add_argument("--sheet", action="store_true", help="one sheet of every genre in every style, from --seed")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--overwrite", action="store_true", help="replace pictures of the same name")
    arguments = parser.parse_args()
    painter = Painter.load(arguments.weights, own_device(arguments.device))
    seeds = range(arguments.seed, arguments.seed + arguments.count)
    request = (arguments.genre, arguments.style, arguments.count, arguments.seed, arguments.resolution)
    painter.check(*request)
    name = re.sub(r"[^\w.-]+", "-", f"{arguments.genre}_{arguments.style}")
    if arguments.sheet:
        targets = [arguments.out / f"sheet_{arguments.seed}.png"]
    elif arguments.grid:
        targets = [arguments.out / f"{name}_{seeds[0]}-{seeds[-1]}_grid.png"]
    else:
        targets = [arguments.out / f"{name}_{seed}.png" for seed in seeds]
    _prepare(targets, arguments.out, arguments.overwrite)
    if arguments.sheet:
        painter.sheet(arguments.seed).save(targets[0])
    elif arguments.grid:
        paintings = painter.paint(*request)
        rows = [paintings[start : start + COLUMNS] for start in range(0, len(paintings), COLUMNS)]
        pictures = [[painting.image for painting in row] for row in rows]
        labelled_grid(pictures, [f"seed {row[0].seed}" for row in rows]).save(targets[0])
    else:
        for painting, target in zip(painter.paint(*request), targets, strict=True):
            painting.save(target)
    print("\n".join(str(target) for target in targets))


def _prepare(targets: list[Path], folder: Path, overwrite: bool) -> None:
    existing = [target for target in targets if target.exists()]
    if existing and not overwrite:
        raise UserError(f"{existing[0]} exists; paint another --seed, give another --out, or replace with --overwrite")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}; give another folder with --out") from None


if __name__ == "__main__":
    run_command(main)
