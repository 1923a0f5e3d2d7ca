"""From raw labels to a vocabulary, and the account of it."""

from __future__ import annotations

from pathlib import Path

from common.preparing.labelling import map_labels, style_namer
from common.preparing.taxonomy import Taxonomy

TAXONOMY = Taxonomy.load()
RAW = ["Portraits", "portrait", "self-portrait", "cityscape", "spaceship", "spaceship", "", "Unknown Genre"]


def test_spellings_of_one_label_are_counted_together_and_rare_ones_become_unlabelled() -> None:
    mapping = map_labels("genre", RAW, TAXONOMY.genre, TAXONOMY.says_nothing, min_count=3)
    assert [mapping.label(raw) for raw in RAW] == ["portrait", "portrait", "portrait", "", "", "", "", ""]
    assert mapping.unknown == {"spaceship"}


def test_the_account_names_every_raw_label_with_its_pictures_and_why_it_was_left_out() -> None:
    header, *lines = map_labels("genre", RAW, TAXONOMY.genre, TAXONOMY.says_nothing, min_count=3).table()
    assert header.split() == ["genres", "became", "pictures"]
    assert [line.split() for line in lines] == [
        ["spaceship", "unlabelled", "(unknown)", "2"],
        ["Portraits", "portrait", "1"],
        ["portrait", "portrait", "1"],
        ["self-portrait", "portrait", "1"],
        ["cityscape", "unlabelled", "(too", "few)", "1"],
        ["(blank)", "unlabelled", "1"],
        ["Unknown", "Genre", "unlabelled", "1"],
    ]


def test_a_label_that_is_not_known_is_shown_with_the_name_that_may_be_meant() -> None:
    raw = ["Lanscape", "spaceship", "sea peice"]
    spellings, _ = TAXONOMY.spellings()
    mapping = map_labels("genre", raw, TAXONOMY.genre, TAXONOMY.says_nothing, 1, spellings=spellings)
    header, *lines = mapping.table()
    assert [line[11:].rsplit(maxsplit=1)[0].rstrip() for line in lines] == [
        "  unlabelled (unknown); did you mean landscape?",
        "  unlabelled (unknown)",
        "  unlabelled (unknown); did you mean marina?",
    ]
    assert {len(line) for line in lines} == {len(header)}


def test_what_is_not_known_may_keep_its_own_name_where_that_can_be_asked_for() -> None:
    raw = ["Space_Ship", "space ship", "Lanscape", "Any", "cats, dogs", "a:b", "portrait", "Unknown Genre", "xyz", ""]
    raw += ["Lanscape", "Any"]
    spellings, _ = TAXONOMY.spellings()
    mapping = map_labels(
        "genre", raw, TAXONOMY.genre, TAXONOMY.says_nothing, 2, spellings=spellings, own_name=TAXONOMY.own_name
    )
    assert {label for label in map(mapping.label, raw) if label} == {"space-ship", "lanscape"}
    assert mapping.unknown == {"Any", "cats, dogs", "a:b"}
    became = {line[:15].strip(): " ".join(line[15:-9].split()) for line in mapping.table()[1:]}
    assert became == {
        "Space_Ship": "space-ship (unknown, keeps its name)",
        "space ship": "space-ship (unknown, keeps its name)",
        "Lanscape": "lanscape (unknown, keeps its name); did you mean landscape?",
        "Any": "unlabelled (unknown, cannot be requested by name)",
        "cats, dogs": "unlabelled (unknown, cannot be requested by name)",
        "a:b": "unlabelled (unknown, cannot be requested by name)",
        "portrait": "unlabelled (too few)",
        "Unknown Genre": "unlabelled",
        "xyz": "unlabelled (too few)",
        "(blank)": "unlabelled",
    }


def test_a_label_that_is_a_familys_name_is_known_as_the_family_where_families_are_merged(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("genres: {}\nstyles: {cubism: {family: Modern Art}}\n")
    fine, merged = (style_namer(Taxonomy.load(own), merge_families=merge) for merge in (False, True))
    assert (fine("modern_art"), merged("modern_art"), merged("cubism")) == (None, "Modern Art", "Modern Art")
    assert Taxonomy.load(own).own_name("modern_art") == "Modern Art"


def test_styles_go_by_their_own_name_or_by_that_of_their_family() -> None:
    own, merged = (style_namer(Taxonomy.load(), merge_families=merge) for merge in (False, True))
    assert (own("Late Renaissance"), merged("Late Renaissance")) == ("mannerism", "renaissance")
    assert (own("vorticism?"), merged("vorticism?")) == (None, None)


def test_rare_styles_join_their_family_where_that_makes_enough() -> None:
    raw = ["high renaissance"] * 5 + ["mannerism"] * 2 + ["proto renaissance"] + ["analytical cubism"]
    mapping = map_labels("style", raw, TAXONOMY.style, TAXONOMY.says_nothing, 3, TAXONOMY.family)
    assert mapping.canonical == {
        "high renaissance": "high-renaissance",
        "mannerism": "renaissance",
        "proto renaissance": "renaissance",
        "analytical cubism": None,
    }
    assert [line.split()[2:] for line in mapping.table()[2:]] == [
        ["(too", "few,", "joined", "its", "family)", "2"],
        ["renaissance", "(too", "few,", "joined", "its", "family)", "1"],
        ["unlabelled", "(too", "few)", "1"],
    ]
