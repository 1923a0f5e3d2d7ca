"""From raw labels to a vocabulary, and the account of it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from common.errors import UserError
from common.preparing.labelling import (
    DEFAULT_TAXONOMY,
    Labels,
    build_vocabulary,
    choose_labels,
    load_naming,
    usual_min_count,
)
from common.vocabulary import normalise

GENRE, STYLE = 0, 1
RAW = ["Portraits", "portrait", "self-portrait", "cityscape", "spaceship", "spaceship", "", "Unknown Genre"]


def mapped(raw: list[str], min_count: int, kind: int = GENRE, taxonomy: Path = DEFAULT_TAXONOMY, **how: bool) -> Labels:
    naming = load_naming(taxonomy, **{"fine_styles": False, "taxonomy_only": True} | how)
    return choose_labels(raw, naming[kind], min_count)


def became(mapping: Labels) -> dict[str, str]:
    """What the table says of each raw label."""
    width = len(mapping.table[0].partition("became")[0])
    return {line[:width].strip(): " ".join(line[width:-9].split()) for line in mapping.table[1:]}


def test_spellings_of_one_label_are_counted_together_and_rare_ones_become_unlabelled() -> None:
    mapping = mapped(RAW, min_count=3)
    assert mapping.labels == ["portrait", "portrait", "portrait", "", "", "", "", ""]
    assert mapping.lost == {"spaceship"}


def test_the_table_names_every_raw_label_with_its_pictures_and_why_it_was_left_out() -> None:
    header, *lines = mapped([*RAW, "Lanscape"], min_count=3).table
    assert header.split() == ["genres", "became", "pictures"]
    assert {len(line) for line in lines} == {len(header)}
    assert [line.split() for line in lines] == [
        ["spaceship", "unlabelled", "(unknown)", "2"],
        ["Portraits", "portrait", "1"],
        ["portrait", "portrait", "1"],
        ["self-portrait", "portrait", "1"],
        ["cityscape", "unlabelled", "(too", "few,", "see", "--min-count)", "1"],
        ["(blank)", "unlabelled", "1"],
        ["Unknown", "Genre", "unlabelled", "(means", "no", "label)", "1"],
        ["Lanscape", "unlabelled", "(unknown);", "did", "you", "mean", "landscape?", "1"],
    ]


def test_an_unknown_label_keeps_the_name_that_the_collection_writes_unless_it_is_noise() -> None:
    raw = ["Space_Ship", "space ship", "Lanscape", "Any", "cats, dogs", "a:b", "portrait", "Unknown Genre", "xyz", ""]
    raw += ["Lanscape", "Any", "cats, dogs", "a:b", "a:b", "???"]
    mapping = mapped(raw, 2, taxonomy_only=False)
    assert set(mapping.labels) == {"Space_Ship", "Lanscape", "cats dogs", "a b", ""}
    assert mapping.lost == {"Any", "???"}
    assert became(mapping) == {
        "Space_Ship": "Space_Ship",
        "space ship": "Space_Ship",
        "Lanscape": "Lanscape (did you mean landscape?)",
        "Any": "unlabelled (no name)",
        "???": "unlabelled (no name)",
        "cats, dogs": "cats dogs",
        "a:b": "a b",
        "portrait": "unlabelled (too few, see --min-count)",
        "Unknown Genre": "unlabelled (means no label)",
        "xyz": "unlabelled (too few, see --min-count)",
        "(blank)": "unlabelled",
    }
    assert mapping.remarks == (
        "1 genres are spelled in more than one way: Space_Ship = space ship",
        "1 genres with a comma are one label each: cats, dogs (write | between several)",
    )


def test_names_in_any_script_are_labels_of_their_own_as_they_are_typed() -> None:
    names = ["バラ", "ハラ", "пейзаж", "пеизаж", "정물", "étude", "etude", "हिन्दी", "Ñandú"]
    decomposed = [unicodedata.normalize("NFD", name) for name in names]
    mapping = mapped([*names, *decomposed], 2, taxonomy_only=False)
    assert mapping.labels == names * 2
    genre_naming, style_naming = load_naming(DEFAULT_TAXONOMY, fine_styles=False, taxonomy_only=False)
    vocabulary = build_vocabulary(mapping.labels, [], genre_naming, style_naming)
    assert set(vocabulary.genres) == {*names}
    for name in (*names, *decomposed):
        assert vocabulary.spelling("genre", name) == unicodedata.normalize("NFC", name)


def test_the_commonest_spelling_of_an_unknown_label_is_its_name() -> None:
    assert mapped(["Birds", "birds", "birds"], 1, taxonomy_only=False).labels == ["birds"] * 3


@pytest.mark.parametrize("mark", ["|", ";", ", ", "/", " & "])
def test_labels_that_other_pictures_have_alone_are_several_where_a_mark_stands_between_them(mark: str) -> None:
    raw = ["shoes", f"Shoes{mark}boots", "boots", "Art Nouveau / Modern"]
    assert mapped(raw, 1, taxonomy_only=False).labels == ["shoes", "shoes|boots", "boots", "Art Nouveau / Modern"]


def test_words_that_mean_no_label_are_none_and_numbers_are_labels() -> None:
    raw = ["Misc", "#N/A", "n/a", "-", "?", "TBD", "none", "0", "1"]
    assert mapped(raw, 1, taxonomy_only=False).labels == [""] * 7 + ["0", "1"]


def test_only_a_label_that_is_spelled_nearly_so_gets_a_hint() -> None:
    notes = became(mapped(["Lanscape", "étude", "shoes", "train"], 1, taxonomy_only=False))
    assert [name for name, note in notes.items() if "did you mean" in note] == ["Lanscape"]


def test_several_labels_of_a_picture_stand_between_bars_or_between_commas_if_the_taxonomy_knows_them_all() -> None:
    raw = ["portrait|genre-painting", "portrait, genre painting", "Portraits|portrait|", "cats, portrait", "rats|dogs"]
    mapping = mapped(raw, 1, taxonomy_only=False)
    both = "portrait|genre-painting"
    assert mapping.labels == [both, both, "portrait", "cats portrait", "rats|dogs"]
    assert mapping.remarks == (
        "1 genres are spelled in more than one way: genre-painting = genre painting",
        "1 genres with a comma are one label each: cats, portrait (write | between several)",
        f"3 pictures have several genres, such as {both}",
    )
    naming = load_naming(DEFAULT_TAXONOMY, fine_styles=False, taxonomy_only=False)
    counts = build_vocabulary(mapping.labels, [], *naming).genres
    assert counts == {"cats portrait": 1, "dogs": 1, "genre-painting": 2, "portrait": 3, "rats": 1}
    assert mapped(raw, 2, taxonomy_only=False).labels == [both, both, "portrait", "", ""]


def test_the_fewest_pictures_of_a_label_follow_the_size_of_the_collection() -> None:
    assert [usual_min_count(number) for number in (1, 150, 1000, 5000, 10**7)] == [2, 2, 10, 50, 50]


def test_rare_styles_join_their_family_if_that_makes_enough() -> None:
    raw = ["high renaissance"] * 5 + ["mannerism"] * 2 + ["proto renaissance"] + ["analytical cubism"]
    assert became(mapped(raw, 3, STYLE, fine_styles=True)) == {
        "high renaissance": "high-renaissance",
        "mannerism": "renaissance (too few, joined its family)",
        "proto renaissance": "renaissance (too few, joined its family)",
        "analytical cubism": "unlabelled (too few, see --min-count)",
    }


def test_styles_have_their_own_name_or_that_of_their_family_which_may_be_a_label_itself(tmp_path: Path) -> None:
    raw = ["Late Renaissance", "vorticism?"]
    assert mapped(raw, 1, STYLE, fine_styles=True).labels == ["mannerism", ""]
    assert mapped(raw, 1, STYLE).labels == ["renaissance", ""]
    own = tmp_path / "own.yaml"
    own.write_text("genres: {}\nstyles: {cubism: {family: Modern Art}}\n")
    raw = ["modern_art", "cubism"]
    assert mapped(raw, 1, STYLE, own).labels == ["Modern Art", "Modern Art"]
    assert mapped(raw, 1, STYLE, own, fine_styles=True).labels == ["", "cubism"]
    raw = ["modern_art"] * 5 + ["cubism"] * 2
    assert mapped(raw, 3, STYLE, own, fine_styles=True, taxonomy_only=False).labels == ["Modern Art"] * 7
    with pytest.raises(UserError, match=r"nope\.yaml does not exist; copy .*taxonomy\.yaml and edit it"):
        mapped(raw, 1, STYLE, tmp_path / "nope.yaml")


@pytest.mark.parametrize(
    ("raw", "plain"),
    [("Naïve_Art", "naive-art"), ("  still   life ", "still-life"), ("É́tude", "etude"), ("Город", "город"), ("", "")],
)
def test_spelling_is_compared_without_case_accents_and_the_kind_of_gap(raw: str, plain: str) -> None:
    assert normalise(raw) == plain


def test_the_shipped_taxonomy_knows_the_spellings_of_wikiart() -> None:
    assert mapped(["nude_painting_(nu)", "spaceship"], 1).labels == ["nude", ""]
    assert mapped(["Mannerism_Late_Renaissance", ""], 1, STYLE, fine_styles=True).labels == ["mannerism", ""]


def test_a_taxonomy_of_ones_own_may_use_any_script_and_families_that_are_no_styles(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("genres: {stadt: [город, 都市], берег: []}\nstyles: {a: {family: b}}\n", encoding="utf-8")
    assert mapped(["Город", "都市", "Берег", "海"], 1, GENRE, path).labels == ["stadt", "stadt", "берег", ""]
    assert mapped(["a", "b"], 1, STYLE, path).labels == ["b", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("genres: {a: [c], b: [C]}\nstyles: {}", "'c' stands for both 'a' and 'b'"),
        ("genres: {}\nstyles: {a: {family: x}, b: {family: x, aliases: [A]}}", "'a' stands for both 'a' and 'b'"),
        ("genres: {a: b}\nstyles: {c: {}}", "styles.c.family is missing"),
        ("genres: {Any: []}\nstyles: {}", "'Any' cannot be requested by name"),
        ("genres: {}\nstyles: {a: {family: 'x, y'}}", "'x, y' cannot be requested by name"),
        ("genres: {}\nstyles: {a: {family: X}, b: {family: x}}", "'x' stands for both 'X' and 'x'"),
    ],
)
def test_a_taxonomy_with_a_fault_is_refused_by_file_and_name(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content)
    with pytest.raises(UserError) as caught:
        mapped([], 1, GENRE, path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
