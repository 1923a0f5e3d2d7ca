"""Run by torchrun: every process would choose another precision by its own trial, and says in a file what it has."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from common.runs import loop


def main() -> None:
    rank = os.environ["RANK"]
    loop.gains_from_bfloat16 = lambda: rank == "0"  # type: ignore[assignment]
    accelerator = loop.make_accelerator("auto")
    (Path(sys.argv[1]) / rank).write_text(loop.precision_of(accelerator))
    loop.leave_together(accelerator)


if __name__ == "__main__":
    main()
