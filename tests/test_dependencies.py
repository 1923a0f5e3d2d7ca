"""What pyproject.toml declares against what the code imports, and the hints that say how to install the rest."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("common", "stage1", "stage2", "scripts")
OURS = {*PACKAGES, *(path.stem for folder in ("scripts", "tests") for path in (ROOT / folder).iterdir())}
IMPORTED_BY_OTHERS = {
    "onnx": "torch.onnx",
    "onnxscript": "torch.onnx",
    "tensorboard": "accelerate",
    "torch-fidelity": "torchmetrics",
}
TOOLS = {"mypy", "pytest-xdist", "ruff", "types-psutil", "types-pyyaml", "types-tqdm"}

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SOURCES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for folder in PACKAGES
    for path in sorted((ROOT / folder).rglob("*.py"))
}


@functools.cache
def trees_of_tests() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "tests").glob("*.py"))}


def distribution(requirement: str) -> str:
    """Normalised name of a requirement such as `PyYAML>=6`."""
    name = re.match(r"[\w.-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


REQUIRED = {distribution(requirement) for requirement in PROJECT["dependencies"]}
EXTRAS = {
    extra: {distribution(requirement) for requirement in requirements}
    for extra, requirements in PROJECT["optional-dependencies"].items()
}


@functools.cache
def distributions() -> dict[str, set[str]]:
    """The installed distributions that bring each module."""
    found = importlib.metadata.packages_distributions().items()
    return {module: {distribution(name) for name in names} for module, names in found}


def imported(node: ast.AST, *, inside_functions: bool) -> Iterator[str]:
    """First names of the modules of others that are imported below a node."""
    for child in ast.iter_child_nodes(node):
        names: list[str] = []
        if isinstance(child, ast.Import):
            names = [alias.name for alias in child.names]
        elif isinstance(child, ast.ImportFrom):
            names = [child.module or ""]
        elif inside_functions or not isinstance(child, ast.FunctionDef):
            yield from imported(child, inside_functions=inside_functions)
        tops = {name.partition(".")[0] for name in names}
        yield from (top for top in tops if top not in OURS and top not in sys.stdlib_module_names)


def undeclared(declared: set[str], trees: dict[Path, ast.Module], *, inside_functions: bool) -> dict[str, str]:
    """Imported modules that no declared distribution brings, and a file that imports each."""
    return {
        module: path.relative_to(ROOT).as_posix()
        for path, tree in trees.items()
        for module in imported(tree, inside_functions=inside_functions)
        if not distributions().get(module, set()) & declared
    }


def extras_of_hints() -> set[str]:
    """Extras that the code's `missing_package` messages name."""
    calls = [node for tree in SOURCES.values() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    hints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "missing_package"]
    return {ast.literal_eval(word.value) for call in hints for word in call.keywords if word.arg == "extra"}


def pages() -> list[Path]:
    return [ROOT / "README.md", *(page for folder in PACKAGES for page in sorted((ROOT / folder).rglob("*.md")))]


def test_what_a_module_imports_at_its_top_is_required_or_in_the_extra_of_its_whole_room() -> None:
    rooms = {"stage2/studio": "studio"}
    for room, extra in {"": "", **rooms}.items():
        inside = {path: tree for path, tree in SOURCES.items() if _room(path, rooms) == room}
        assert inside
        assert undeclared(REQUIRED | EXTRAS.get(extra, set()), inside, inside_functions=False) == {}


def _room(path: Path, rooms: Mapping[str, str]) -> str:
    folder = path.parent.relative_to(ROOT).as_posix()
    return folder if folder in rooms else ""


def test_what_a_function_imports_is_required_or_in_an_extra_that_a_message_names() -> None:
    hinted = set().union(*(EXTRAS[extra] for extra in extras_of_hints()))
    assert undeclared(REQUIRED | hinted, SOURCES, inside_functions=True) == {}


def test_what_tests_import_is_installed_with_the_extra_dev() -> None:
    (nested,) = re.findall(r"\[(.*)\]", next(line for line in PROJECT["optional-dependencies"]["dev"] if "[" in line))
    declared = REQUIRED.union(EXTRAS["dev"], *(EXTRAS[extra] for extra in nested.split(",")))
    assert undeclared(declared, trees_of_tests(), inside_functions=True) == {}


def test_what_is_declared_is_used() -> None:
    ours = {module for tree in SOURCES.values() for module in imported(tree, inside_functions=True)}
    theirs = {module for tree in trees_of_tests().values() for module in imported(tree, inside_functions=True)}
    used = set().union(*(distributions().get(module, set()) for module in ours)) | IMPORTED_BY_OTHERS.keys()
    tested = set().union(*(distributions().get(module, set()) for module in theirs)) | TOOLS | {PROJECT["name"]}
    users = set().union(*(names for extra, names in EXTRAS.items() if extra != "dev"))
    assert (REQUIRED | users) - used == set()
    assert EXTRAS["dev"] - tested == set()


def test_every_hint_names_an_extra_that_exists() -> None:
    assert extras_of_hints() <= set(EXTRAS)
    assert {"evaluation", "hugging-face", "inception", "onnx", "site", "tracking", "video"} <= extras_of_hints()


def test_every_extra_that_a_page_advises_exists() -> None:
    advice = re.compile(r"pip\s+install\s+-e\s+[\"']?\.\[([\w,-]+)\]")
    advised = {extra for page in pages() for names in advice.findall(page.read_text()) for extra in names.split(",")}
    assert advised
    assert advised <= set(EXTRAS)


def test_nothing_advises_to_install_the_project_from_an_index() -> None:
    texts = [*SOURCES, *pages(), *(ROOT / "scripts").glob("*.sh"), *(ROOT / "common").rglob("*.jinja")]
    advice = re.compile(r"pip install[^\n]*\batelier|\batelier(-gan)?\[")
    assert [path for path in texts if advice.search(path.read_text(encoding="utf-8"))] == []
