"""Labels as users write them, as points of the simplex."""

from __future__ import annotations

from dataclasses import replace

import pytest

from common import config
from common.errors import UserError
from common.vocabulary import Vocabulary, require_same

VOCABULARY = Vocabulary(
    genres={"landscape": 30, "portrait": 10, "still-life": 5},
    styles={"cubism": 10, "high-renaissance": 30, "mannerism": 10},
    families={"renaissance": ("high-renaissance", "mannerism")},
    genre_aliases={"self-portrait": "portrait", "portraits": "portrait"},
    style_aliases={"mannerism-(late-renaissance)": "mannerism", "early-renaissance": "renaissance"},
)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("portrait", (0, 1, 0)),
        ("Portrait ", (0, 1, 0)),
        ("Self_Portrait", (0, 1, 0)),
        ("still life", (0, 0, 1)),
        ("any", (0, 0, 0)),
        ("portrait:0.7,landscape:0.3", (0.3, 0.7, 0)),
        ("portrait,landscape", (0.5, 0.5, 0)),
        ("portrait:1,portraits:1,landscape:2", (0.5, 0.5, 0)),
        ("portrait:0,landscape:2", (1, 0, 0)),
    ],
)
def test_a_genre_text_is_a_point_of_the_simplex(text: str, weights: tuple[float, ...]) -> None:
    assert VOCABULARY.genre_weights(text) == pytest.approx(weights)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("mannerism", (0, 0, 1)),
        ("renaissance", (0, 0.75, 0.25)),
        ("Renaissance:1,cubism:1", (0.5, 0.375, 0.125)),
        ("Mannerism (Late Renaissance)", (0, 0, 1)),
        ("early renaissance", (0, 0.75, 0.25)),
        ("any", (0, 0, 0)),
    ],
)
def test_a_family_stands_for_its_styles_in_proportion_to_their_paintings(text: str, weights: tuple[float, ...]) -> None:
    assert VOCABULARY.style_weights(text) == pytest.approx(weights)


def test_a_style_that_was_merged_away_stands_for_its_family() -> None:
    aliases = {"high-renaissance": "renaissance"}
    merged = Vocabulary(genres={}, styles={"cubism": 10, "renaissance": 30}, families={}, style_aliases=aliases)
    fine = Vocabulary(
        genres={},
        styles={"high-renaissance": 30, "renaissance": 10},
        families={"renaissance": (*aliases, "renaissance")},
    )
    assert fine.style_weights("renaissance") == (0.75, 0.25)
    assert merged.style_weights("High Renaissance") == (0, 1)
    with pytest.raises(
        UserError, match=r"unknown style 'fauvism'; did you mean 'cubism'.* known: any, cubism, renaissance"
    ):
        merged.style_weights("fauvism")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("portrat", "unknown genre 'portrat'; did you mean 'portrait'? known: any, landscape, portrait, still-life"),
        ("portrait,", "unknown genre ''; known: any, landscape, portrait, still-life"),
        ("nude", "unknown genre 'nude'"),
        ("portrait:half", "genre 'portrait:half': the share after ':' must be a number, 0 or above"),
        ("portrait:-1,landscape:2", "genre 'portrait:-1': the share"),
        ("portrait:inf", "genre 'portrait:inf': the share"),
        ("portrait:0", "genre 'portrait:0': the shares add up to 0; their sum must be finite and above 0"),
        ("portrait:1e308,landscape:1e308", "genre 'portrait:1e308,landscape:1e308': the shares add up to inf"),
    ],
)
def test_a_genre_text_without_meaning_is_refused_with_the_nearest_name(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        VOCABULARY.genre_weights(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"families": {"modern": ["cubism", "fauvism"]}}, "families name unknown styles: fauvism"),
        ({"style_aliases": {"art-deco": "deco"}}, "aliases stand for unknown labels: deco"),
        ({"genres": {"nude": 0, "portrait": 3}}, "labels without a painting: nude"),
    ],
)
def test_a_vocabulary_that_could_not_be_looked_up_is_refused_where_it_is_read(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        config.parse(Vocabulary, config.as_values(VOCABULARY) | changes, place="config.json")
    assert str(caught.value) == f"config.json: {message}"


def test_vocabularies_that_differ_in_more_than_counts_are_refused_by_the_labels_in_which_they_do() -> None:
    counted = Vocabulary(genres=dict.fromkeys(VOCABULARY.genres, 1), styles=dict(VOCABULARY.styles), families={})
    require_same(VOCABULARY, counted, "runs/stage1", "data")
    genres = dict.fromkeys(("landscape", "nude", "still-life"), 1)
    styles = dict.fromkeys(("high-renaissance", "cubism", "mannerism"), 1)
    others = {
        r"^the genres of ours and data differ: nude, portrait; give": Vocabulary(
            genres=genres, styles=styles, families={}
        ),
        r"^the styles of .* differ: cubism, high-renaissance;": replace(VOCABULARY, styles=styles),
    }
    for message, other in others.items():
        with pytest.raises(UserError, match=message):
            require_same(VOCABULARY, other, "ours", "data")


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("Portraits", "portrait"),
        ("portrait:3", "portrait"),
        (" ANY", "any"),
        ("Portrait:0.70, landscape:.3", "portrait:0.7,landscape:0.3"),
        ("self portrait,still_life:0.1234567", "portrait,still-life:0.1234567"),
    ],
)
def test_all_texts_for_one_point_have_one_spelling(text: str, spelling: str) -> None:
    assert VOCABULARY.spelling("genre", text) == spelling
    assert VOCABULARY.genre_weights(spelling) == VOCABULARY.genre_weights(text)


def test_the_spelling_of_a_family_is_its_name() -> None:
    assert VOCABULARY.spelling("style", "Early Renaissance") == "renaissance"
    with pytest.raises(
        UserError, match="did you mean 'renaissance'\\? known: any, cubism, high-renaissance, mannerism"
    ):
        VOCABULARY.spelling("style", "renaisance")
