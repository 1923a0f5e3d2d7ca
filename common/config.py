"""Read settings from a YAML file and `--set` overrides into a frozen, validated dataclass.

Every settings class of the project is declared with `@settings`. pydantic then reports all unknown, missing and
mistyped keys at once. Presets and run folders of both stages are read here.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, dataclass_transform, get_args, get_type_hints

import pydantic
import yaml

from common.errors import UserError, suggest
from common.files import write_atomically

T = TypeVar("T")

_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def settings(cls: type[T]) -> type[T]:
    """Make `cls` a frozen keyword-only dataclass that refuses unknown keys and wrong types."""
    strict = pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)
    made: type[T] = pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=strict)(cls)  # type: ignore[assignment]
    return made


def load(cls: type[T], path: Path, overrides: Iterable[str] = ()) -> T:
    """Read `path` into `cls`, with overrides such as `training.batch_size=64`.

    Raises UserError that names the file, the overrides and every wrong key.
    """
    overrides = tuple(overrides)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not readable YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} has no settings; it must be a mapping, as in a shipped preset")
    values = _with_overrides(cls, values, overrides, path)
    return parse(cls, values, place=" ".join([str(path), *(f"--set {override}" for override in overrides)]))


def parse(cls: type[T], values: Any, place: str) -> T:
    """Validate values from YAML or JSON as an instance of `cls`; error messages begin with `place`."""
    try:
        # JSON mode does not convert between numbers and text, but accepts lists for tuples and text for paths.
        return pydantic.TypeAdapter(cls).validate_json(json.dumps(values))
    except pydantic.ValidationError as error:
        raise UserError(f"{place}: {'; '.join(_explain(item, values) for item in error.errors())}") from None
    except TypeError as error:
        raise UserError(f"{place}: {error}; write plain numbers, text, lists and mappings") from None


def as_values(config: Any) -> dict[str, Any]:
    """Return a settings object as nested dicts, which `parse` reads back into an equal object."""
    values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return values


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values as a flat dict with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return flat


def save(config: Any, path: Path) -> None:
    """Write a settings object as YAML, atomically; `load` reads it back into an equal object."""
    write_atomically(path, yaml.safe_dump(as_values(config), sort_keys=False, allow_unicode=True))


def differences(old: Any, new: Any) -> dict[str, tuple[Any, Any]]:
    """Return the dotted keys whose values differ between two settings objects, with old and new value."""
    before, after = flatten(as_values(old)), flatten(as_values(new))
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return {key: (before.get(key), after.get(key)) for key in changed}


def minutes(text: str) -> float:
    """Parse a number of minutes from the command line. Raises UserError, or ValueError, if it is not above 0."""
    if not 0 < float(text) < float("inf"):
        raise UserError(f"{text!r} is not a number of minutes above 0; give one such as 480")
    return float(text)


def find_preset(name_or_path: str, folder: Path) -> Path:
    """Return the file of a shipped preset, or the path itself if it is a file."""
    shipped = {path.stem: path for path in folder.glob("*.yaml")}
    path = shipped.get(name_or_path, Path(name_or_path))
    if not path.is_file():
        raise UserError(
            f"unknown preset {name_or_path!r}{suggest(name_or_path, shipped)} (or the path of a .yaml file)"
        )
    return path


def _with_overrides(cls: type, values: dict[str, Any], overrides: Iterable[str], path: Path) -> dict[str, Any]:
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise UserError(f"--set {override!r} has no value; write --set {key}=VALUE")
        *parents, last = key.split(".")
        place = values
        for parent in parents:
            sections = {name: value for name, value in place.items() if isinstance(value, dict)}
            if parent not in sections:
                raise UserError(f"--set {override!r}: {path} has no section {parent!r}{suggest(parent, sections)}")
            place = sections[parent]
        known = {*place, *_fields(cls, parents)}
        if last not in known:
            elsewhere = [name for name in flatten(values) if name.endswith(f".{last}")]
            hint = f"; did you mean {' or '.join(elsewhere)}?" if elsewhere else suggest(last, known)
            raise UserError(f"--set {override!r}: no such key{hint}")
        try:
            place[last] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise UserError(f"--set {override!r}: the value is not readable YAML") from None
    return values


def _fields(cls: Any, parents: Iterable[str]) -> list[str]:
    """Return all field names of the settings class under the dotted key `parents`; for a union, of every member."""
    classes = [cls]
    for parent in parents:
        hints = [get_type_hints(owner).get(parent) for owner in classes]
        classes = [one for hint in hints for one in (get_args(hint) or (hint,)) if dataclasses.is_dataclass(one)]
    return [field.name for owner in classes for field in dataclasses.fields(owner)]


def _explain(error: Any, values: Any) -> str:
    """Return what pydantic says of one wrong key, in words of the file."""
    key, given = _dotted(error["loc"], values) or "settings", error["input"]
    context = error.get("ctx", {})
    tag = key + "." + context.get("discriminator", "").strip("'")
    match error["type"]:
        case "missing" | "missing_argument":
            return f"{key} is missing"
        case "unexpected_keyword_argument" | "extra_forbidden":
            return f"{key} is not a known key"
        case "float_type" | "int_type" if isinstance(given, str) and _EXPONENT.fullmatch(given):
            remedy = "write out its digits" if error["type"] == "int_type" else "write it as in 1.0e-4 or 1.0e+4"
            return f"{key}: YAML reads {given!r} as text; {remedy}"
        case "union_tag_not_found":
            return f"{tag} is missing"
        case "union_tag_invalid":
            return f"{tag} must be one of {context['expected_tags']}, not {context['tag']!r}"
        case "value_error":
            return f"{key}: {context['error']}" if error["loc"] else str(context["error"])
        case _:
            return f"{key}: {error['msg'].lower()}, not {given!r}"


def _dotted(location: Iterable[str | int], values: Any) -> str:
    """Return the dotted key as in the file, without the tags of union members that pydantic adds to the location."""
    keys: list[str] = []
    for part in location:
        inside = values if isinstance(values, Mapping) else {}
        if part not in inside and part in inside.values():
            continue
        keys.append(str(part))
        values = inside.get(part)
    return ".".join(keys)
