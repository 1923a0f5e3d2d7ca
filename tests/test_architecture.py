"""The rules of the house: which package may import which, and where heavy things may be named."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOUNDATION = {"common", "common.nn"}
ROOMS = {
    "common.nn": set(),
    "common": {"common.nn"},
    "common.data": FOUNDATION,
    "common.preparing": {*FOUNDATION, "common.data"},
    "common.evaluation": {*FOUNDATION, "common.data", "common.preparing"},
    "common.runs": {*FOUNDATION, "common.data", "common.evaluation"},
    "stage1": {*FOUNDATION, "common.data", "common.evaluation", "common.runs"},
    "stage2": {*FOUNDATION, "common.data", "common.evaluation", "common.runs", "stage1"},
    "stage2.painter": {*FOUNDATION, "common.data", "common.evaluation", "common.preparing", "common.runs", "stage1"}
    | {"stage2"},
    "stage2.studio": {*FOUNDATION, "common.data", "common.evaluation", "common.runs", "stage2.painter"},
    "stage2.sharing": {*FOUNDATION, "common.data", "common.evaluation", "common.runs", "stage1", "stage2"}
    | {"stage2.painter"},
}
"""Each room and the rooms below it that it may import. Scripts may import every room."""
PACKAGES = ("common", "stage1", "stage2", "scripts")


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names.add(node.module or "")
    return names


def room_of(module: str) -> str:
    """Return the innermost room of a dotted module name; a package's own name is its room."""
    return max((room for room in ROOMS if f"{module}.".startswith(f"{room}.")), key=len)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_arrows_between_rooms_run_down(room: str) -> None:
    inside = [
        path
        for path in modules(room.replace(".", "/"))
        # stage2/__init__.py is the door to the painter.
        if path.name != "__init__.py" and room_of(".".join(path.relative_to(ROOT).with_suffix("").parts)) == room
    ]
    assert inside
    for path in inside:
        ours = {room_of(name) for name in imports(path) if name.partition(".")[0] in PACKAGES}
        assert ours <= {room, *ROOMS[room]}, f"{path} imports {ours - {room, *ROOMS[room]}}"


def test_stage2_enters_stage1_by_its_sampling_module_alone() -> None:
    for path in modules("stage2"):
        doors = {name for name in imports(path) if name.startswith("stage1")}
        assert doors <= {"stage1.sampling"}, f"{path} enters stage1 by {doors}"


def test_network_and_loss_files_know_no_settings_no_files_and_no_accelerate() -> None:
    allowed = {"torch", "einops", "jaxtyping", "collections", "functools", "itertools", "typing", "__future__", "numpy"}
    layers = {"common.nn.features", "common.nn.layers", "common.nn.batch_norm", "common.nn.losses"}
    for path in [
        *modules("common/nn"),
        *(ROOT / stage / f"{name}.py" for stage in ("stage1", "stage2") for name in ("generator", "critic", "losses")),
        ROOT / "stage1" / "gangogh.py",
        ROOT / "stage2" / "stackgan.py",
    ]:
        for name in imports(path):
            assert name.partition(".")[0] in allowed or name in layers, f"{path} imports {name}"


def test_only_training_touches_accelerate() -> None:
    touching = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in modules(package)
        if any(name.partition(".")[0] == "accelerate" for name in imports(path))
    }
    outside = {name for name in touching if not name.startswith("common/runs/")}
    assert outside == {"stage1/training.py", "stage2/training.py"}


def test_only_scripts_parse_arguments() -> None:
    for package in ("common", "stage1", "stage2"):
        for path in modules(package):
            assert "argparse" not in imports(path), f"{path} parses arguments"


@pytest.mark.slow
def test_painting_imports_nothing_of_training() -> None:
    heavy = ("accelerate", "torchmetrics", "imagehash", "scipy", "matplotlib", "psutil", "tqdm.auto")
    code = f"import sys, stage2; print([name for name in {heavy!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "[]"


@pytest.mark.slow
def test_painting_loads_no_compiler(stage2_run: Path) -> None:
    # torch loads its own, which takes as long as torch itself, for some operations on tensors without memory.
    code = (
        "import sys; from stage2 import Painter; Painter.load(sys.argv[1]).paint('portrait'); "
        "print([name for name in ('torch._dynamo', 'torch._inductor', 'sympy') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, stage2_run]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "[]"


def test_the_top_level_is_the_agreed_one() -> None:
    agreed = {"stage1", "stage2", "common", "scripts", "tests", "pyproject.toml", "README.md", "LICENSE"}
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    tops = {line.partition("/")[0] for line in tracked.splitlines()}
    assert {top for top in tops if not top.startswith(".")} <= agreed
