"""Run by torchrun: every process would choose another precision by its own trial, and says in a file what it has."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from common.runs import accelerator as handle


def main() -> None:
    rank = os.environ["RANK"]
    handle.gains_from_bfloat16 = lambda device: rank == "0"  # type: ignore[assignment]
    with handle.apart_from_other_runs():
        accelerator = handle.make_accelerator("auto")
        (Path(sys.argv[1]) / rank).write_text(handle.precision_of(accelerator))


if __name__ == "__main__":
    main()
