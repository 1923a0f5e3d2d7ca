"""Spellings of labels and what they stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import UserError
from common.preparing.taxonomy import Taxonomy, normalise

OWN = """
genres: {stadt: [город, 都市], берег: []}
styles:
  jugendstil: {family: moderne, aliases: [art-nouveau]}
  kubismus: {family: moderne}
"""


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("Naïve_Art", "naive-art"),
        ("  still   life ", "still-life"),
        ("Ukiyo-e", "ukiyo-e"),
        ("É́tude", "etude"),
        ("Город", "город"),
        ("都市", "都市"),
        ("", ""),
    ],
)
def test_spelling_is_compared_without_case_accents_and_the_kind_of_gap(raw: str, plain: str) -> None:
    assert normalise(raw) == plain


def test_the_shipped_taxonomy_knows_the_spellings_of_wikiart() -> None:
    taxonomy = Taxonomy.load()
    assert taxonomy.genre("nude_painting_(nu)") == "nude"
    assert taxonomy.genre("Self-Portrait") == "portrait"
    assert taxonomy.style("Mannerism_Late_Renaissance") == "mannerism"
    assert taxonomy.family("mannerism") == "renaissance"
    assert taxonomy.genre("spaceship") is None
    assert taxonomy.style("") is None


def test_a_taxonomy_of_ones_own_may_use_any_script_and_families_that_are_no_styles(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    taxonomy = Taxonomy.load(path)
    assert [taxonomy.genre(raw) for raw in ("Город", "都市", "Берег", "海")] == ["stadt", "stadt", "берег", None]
    assert taxonomy.family("jugendstil") == "moderne"
    assert taxonomy.family("moderne") == "moderne"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("genres: {a: [c], b: [C]}\nstyles: {}", "'c' stands for both 'a' and 'b'"),
        ("genres: {}\nstyles: {a: {family: x}, b: {family: x, aliases: [A]}}", "'a' stands for both 'a' and 'b'"),
        ("genres: {a: b}\nstyles: {c: {}}", "styles.c.family is missing"),
        ("genres: {Any: []}\nstyles: {}", "'Any' cannot be requested by name"),
        ("genres: {}\nstyles: {a: {family: 'x, y'}}", "'x, y' cannot be requested by name"),
        ("genres: {}\nstyles: {a: {family: any}}", "'any' cannot be requested by name"),
        ("genres: {}\nstyles: {a: {family: X}, b: {family: x}}", "'x' stands for both 'X' and 'x'"),
        ("genres: {'still, life': []}\nstyles: {}", "'still, life' cannot be requested by name"),
    ],
)
def test_a_taxonomy_with_a_fault_is_refused_by_file_and_name(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content)
    with pytest.raises(UserError) as caught:
        Taxonomy.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_taxonomy_that_is_not_there_is_answered_with_the_one_to_copy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"own\.yaml does not exist; copy .*taxonomy\.yaml and edit it"):
        Taxonomy.load(tmp_path / "own.yaml")
