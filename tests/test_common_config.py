"""Settings: strict reading with every fault at once, overrides, presets, and the way there and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pydantic
import pytest

from common import config
from common.config import settings
from common.errors import UserError


@settings
class Oil:
    medium: Literal["oil"]
    layers: int


@settings
class Ink:
    medium: Literal["ink"]
    width: float
    diluted: bool = False


@settings
class Canvas:
    size: int
    ratio: float
    name: str = "untitled"
    sides: tuple[int, int]

    def __post_init__(self) -> None:
        if self.size == 13:
            raise ValueError("size 13 is unlucky")


@settings
class Work:
    canvas: Canvas
    paint: Annotated[Oil | Ink, pydantic.Field(discriminator="medium")]
    steps: Annotated[int, pydantic.Field(ge=1)]


GOOD = """
canvas: {size: 4, ratio: 0.5, name: Größe, sides: [1, 2]}
paint: {medium: oil, layers: 3}
steps: 7
"""


@pytest.fixture
def preset(tmp_path: Path) -> Path:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def message(path: Path, *overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        config.load(Work, path, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_is_read_into_frozen_settings(preset: Path) -> None:
    work = config.load(Work, preset)
    assert work == Work(
        canvas=Canvas(size=4, ratio=0.5, name="Größe", sides=(1, 2)), paint=Oil(medium="oil", layers=3), steps=7
    )
    with pytest.raises(AttributeError):
        work.steps = 8  # type: ignore[misc]


def test_unknown_missing_and_mistyped_keys_are_all_named_at_once_with_their_file(preset: Path) -> None:
    preset.write_text("canvas: {size: four, sides: [1], color: red}\npaint: {medium: oil}\nsteps: 0\n")
    text = message(preset)
    assert text.startswith(f"{preset}: ")
    assert set(text.removeprefix(f"{preset}: ").split("; ")) == {
        "canvas.size: input should be a valid integer, not 'four'",
        "canvas.ratio is missing",
        "canvas.sides.1 is missing",
        "canvas.color is not a known key",
        "paint.layers is missing",
        "steps: input should be greater than or equal to 1, not 0",
    }


@pytest.mark.parametrize(
    ("override", "end"),
    [
        ("canvas.ratio=1e-4", "YAML reads '1e-4' as text; write it as in 1.0e-4"),
        ("steps=1e5", "YAML reads '1e5' as text; write out its digits"),
        ("canvas.ratio=.nan", ""),
        ("steps=true", ""),
        ("steps=2.0", ""),
        ("canvas.name=5", ""),
    ],
)
def test_nothing_is_converted_in_silence(preset: Path, override: str, end: str) -> None:
    key = override.partition("=")[0]
    assert f"{preset} --set {override}: {key}: {end}" in message(preset, override)


def test_a_check_of_the_settings_and_the_kind_of_a_section_are_named_by_their_keys(preset: Path) -> None:
    assert message(preset, "canvas.size=13").endswith(": canvas: size 13 is unlucky")
    assert message(preset, "paint.diluted=true").endswith(": paint.diluted is not a known key")
    assert message(preset, "paint.medium=tempera").endswith("paint.medium must be one of 'oil', 'ink', not 'tempera'")
    preset.write_text(GOOD.replace("medium: oil, ", ""), encoding="utf-8")
    assert message(preset).endswith(": paint.medium is missing")


def test_overrides_are_laid_over_the_file_and_over_defaults_that_it_leaves_out(preset: Path) -> None:
    work = config.load(Work, preset, ["steps=9", "canvas.sides=[3, 4]", "paint={medium: ink, width: 0.5}"])
    assert (work.steps, work.canvas.sides, work.paint) == (9, (3, 4), Ink(medium="ink", width=0.5))
    preset.write_text(GOOD.replace("name: Größe, ", "").replace("oil, layers: 3", "ink, width: 0.5"), encoding="utf-8")
    work = config.load(Work, preset, ["canvas.name=sketch", "paint.diluted=true"])
    assert (work.canvas.name, work.paint) == ("sketch", Ink(medium="ink", width=0.5, diluted=True))


@pytest.mark.parametrize(
    ("override", "end"),
    [
        ("steps", "--set 'steps' has no value; write --set steps=VALUE"),
        ("step=3", "--set 'step=3': no such key; did you mean 'steps'? known: canvas, paint, steps"),
        ("ratio=3", "--set 'ratio=3': no such key; did you mean canvas.ratio?"),
        ("canvass.size=3", "has no section 'canvass'; did you mean 'canvas'? known: canvas, paint"),
        ("steps.size=3", "has no section 'steps'; known: canvas, paint"),
        ("steps=[", "--set 'steps=[': the value is not readable YAML"),
    ],
)
def test_an_override_that_fits_nowhere_is_named_with_the_nearest_key(preset: Path, override: str, end: str) -> None:
    assert message(preset, override).endswith(end)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"steps: [1", "is not readable YAML"),
        (b"steps: \xff", "is not readable YAML"),
        (b"", "has no settings"),
        (b"- 1\n", "has no settings"),
        (b"steps: 2020-01-01\n", "write plain numbers, text, lists and mappings"),
        (b"canvas: 3\npaint: 4\nsteps: 5\n", "canvas: input should be an object"),
        (b"!!python/object/apply:os.getcwd []\n", "is not readable YAML"),
    ],
)
def test_a_file_that_holds_something_else_costs_one_line(preset: Path, content: bytes, part: str) -> None:
    preset.write_bytes(content)
    text = message(preset)
    assert str(preset) in text
    assert part in text
    preset.unlink()
    assert "No such file" in message(preset)


def test_saved_settings_load_again_equal_and_leave_no_other_file(preset: Path, tmp_path: Path) -> None:
    work = config.load(Work, preset, ["canvas.ratio=1.0e-12"])
    folder = tmp_path / "run"
    folder.mkdir()
    config.save(work, folder / "config.yaml")
    assert config.load(Work, folder / "config.yaml") == work
    assert config.parse(Work, config.as_values(work), place="values") == work
    assert [path.name for path in folder.iterdir()] == ["config.yaml"]


def test_differences_are_dotted_keys_with_the_old_and_the_new_value(preset: Path) -> None:
    old = config.load(Work, preset)
    new = config.load(Work, preset, ["steps=9", "canvas.sides=[1, 3]", "paint={medium: ink, width: 2.0}"])
    assert config.differences(old, old) == {}
    assert config.differences(old, new) == {
        "canvas.sides": ([1, 2], [1, 3]),
        "paint.diluted": (None, False),
        "paint.layers": (3, None),
        "paint.medium": ("oil", "ink"),
        "paint.width": (None, 2.0),
        "steps": (7, 9),
    }


def test_a_preset_is_found_by_its_name_or_by_the_path_of_a_file(preset: Path, tmp_path: Path) -> None:
    assert config.find_preset("good", tmp_path) == preset
    assert config.find_preset(str(preset), tmp_path / "elsewhere") == preset
    with pytest.raises(UserError, match=r"^unknown preset 'god'; did you mean 'good'\? known: good \(or the path"):
        config.find_preset("god", tmp_path)


@pytest.mark.parametrize("text", ["nan", "inf", "0", "-1", "soon"])
def test_a_time_is_a_number_of_minutes(text: str) -> None:
    assert config.minutes("0.5") == 0.5
    with pytest.raises((UserError, ValueError), match=r"is not a number of minutes above 0|could not convert"):
        config.minutes(text)
