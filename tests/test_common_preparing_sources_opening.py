"""Which source the words of a command line mean; paintings that the program makes."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from common.errors import UserError
from common.preparing.procedural.painting import COMPOSITIONS, RENDERINGS
from common.preparing.sources.opening import open_source, require_apart


def test_a_place_is_opened_as_it_is_asked_for(tmp_path: Path) -> None:
    assert open_source("procedural", count=3)().name == "procedural (seed 0)"
    with pytest.raises(UserError, match="has no pictures; give the folder or archive that holds them"):
        open_source(str(tmp_path))()
    with pytest.raises(UserError, match="has no pictures"):
        open_source(str(tmp_path), folders="style")()
    with pytest.raises(UserError, match=r"has no \.jpg files"):
        open_source(str(tmp_path), wikiart_lists=tmp_path)()
    with pytest.raises(UserError, match="source 'nowhere' does not exist; give a folder, zip or tar"):
        open_source("nowhere")
    with pytest.raises(
        UserError, match=r"opening\.py' is neither a folder nor a zip or tar; give a folder, zip or tar"
    ):
        open_source(__file__)


def test_a_dataset_may_lie_beside_its_downloads_but_not_hold_them(tmp_path: Path) -> None:
    require_apart("wikiart.org", tmp_path / "data", tmp_path)
    with pytest.raises(UserError, match="lie one inside the other"):
        require_apart("wikiart.org", tmp_path, tmp_path / "data")


@pytest.mark.parametrize("place", ["procedural", "wikiart.org"])
@pytest.mark.parametrize("labels", [{"folders": "genre"}, {"wikiart_lists": Path()}, {"hugging_face": True}])
def test_a_source_with_labels_of_its_own_takes_no_other(place: str, labels: dict[str, object]) -> None:
    with pytest.raises(UserError, match=f"^{place} brings its own labels; leave out --folders"):
        open_source(place, **labels)  # type: ignore[arg-type]


def test_paintings_are_equally_many_of_each_genre_and_style_and_a_function_of_their_seed() -> None:
    cells = list(itertools.product(COMPOSITIONS, RENDERINGS))
    listing = open_source("procedural", count=2 * len(cells), seed=5)()
    first, second = (list(open_source("procedural", count=2 * len(cells), seed=seed)().entries) for seed in (5, 6))
    records = [entry.record for entry in first]
    assert listing.total == len(records) == len({record.name for record in records})
    assert sorted((record.genre, record.style) for record in records) == sorted(cells * 2)
    assert first[1].record.name == second[0].record.name == "6"
    picture = first[1].read()
    assert picture.size == (256, 256)
    assert picture.tobytes() == list(listing.entries)[1].read().tobytes() != first[0].read().tobytes()
