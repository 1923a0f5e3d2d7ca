"""Run in processes: a script, the first argument, with features that cost nothing."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from cheap_features import measured_by_fields

if __name__ == "__main__":
    script = sys.argv.pop(1)
    sys.path.insert(0, str(Path(script).parent))
    with measured_by_fields():
        runpy.run_path(script, run_name="__main__")
