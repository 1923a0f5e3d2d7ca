"""Which source the words of a command line mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import UserError
from common.preparing.sources.class_folders import ClassFolders
from common.preparing.sources.labels_table import LabelsTable
from common.preparing.sources.opening import open_source
from common.preparing.sources.painted import PaintedPictures
from common.preparing.sources.wikiart_download import WikiArtDownload


def test_a_place_is_opened_as_it_is_asked_for(tmp_path: Path) -> None:
    place = str(tmp_path)
    assert isinstance(open_source("procedural"), PaintedPictures)
    assert isinstance(open_source(place), LabelsTable)
    assert isinstance(open_source(place, folders="style"), ClassFolders)
    assert isinstance(open_source(place, wikiart_lists=tmp_path), WikiArtDownload)


def test_a_place_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="source 'nowhere' does not exist"):
        open_source("nowhere")


@pytest.mark.parametrize("place", ["procedural", "wikiart.org"])
def test_a_source_with_labels_of_its_own_takes_no_other(place: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"^{place} brings its own labels; leave out --folders"):
        open_source(place, folders="genre")
    with pytest.raises(UserError, match=f"^{place} brings its own labels"):
        open_source(place, wikiart_lists=tmp_path)
