"""The WikiArt download: joining the lists with pictures whose names were broken on the way."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from tiny_data import random_picture

from common.errors import UserError
from common.preparing.sources.archives import ZipFiles
from common.preparing.sources.files import Files, Record
from common.preparing.sources.wikiart_download import read_name, repair, wikiart_download

LISTS = {
    "genre_class.txt": "0 abstract_painting\n1 portrait\n",
    "genre_train.csv": "Symbolism/arnold-bã¶cklin_the-plague-1898.jpg,1\n",
    "genre_val.csv": "Art_Nouveau_Modern/eugã¨ne-grasset_woman-science.jpg,0\n",
    "style_class.txt": "0 Symbolism\n1 Art_Nouveau\n",
    "style_train.csv": "Symbolism/arnold-bã¶cklin_the-plague-1898.jpg,0\nSymbolism/gone_lost-1900.jpg,0\n",
    "style_val.csv": "Art_Nouveau_Modern/eugã¨ne-grasset_woman-science.jpg,1\n",
}


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    (tmp_path / "lists").mkdir()
    for name, text in LISTS.items():
        (tmp_path / "lists" / name).write_text(text, encoding="utf-8")
    return tmp_path / "lists"


def download(folder: Path, *names: str) -> Files:
    for name in names:
        (folder / "wikiart" / name).parent.mkdir(parents=True, exist_ok=True)
        random_picture(0, 16, 12).save(folder / "wikiart" / name)
    return Files(folder / "wikiart")


@pytest.mark.parametrize(
    "spelling",
    ["arnold-bã¶cklin", "arnold-böcklin", "arnold-bo\u0308cklin", "arnold-b├╢cklin", "arnold-b#U00e3#U00b6cklin"],
)
def test_a_picture_finds_its_labels_however_its_name_was_broken(tmp_path: Path, lists: Path, spelling: str) -> None:
    files = download(tmp_path, f"Symbolism/{spelling}_the-plague-1898.jpg")
    listing = wikiart_download(files, Files(lists))
    (entry,) = listing.entries
    assert (entry.record.genre, entry.record.style) == ("portrait", "Symbolism")
    assert (entry.record.title, entry.record.year) == ("The plague", "1898")
    assert entry.read().size == (16, 12)
    assert listing.remarks == ("2 of 3 paintings in the lists have no picture",)


def test_a_zip_of_one_style_is_read_though_its_folder_is_in_all_names(tmp_path: Path, lists: Path) -> None:
    folder = download(tmp_path, "Symbolism/arnold-böcklin_the-plague-1898.jpg", "Symbolism/nobody_nothing.jpg").path
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as packed:
        for path in sorted(folder.rglob("*.jpg")):
            packed.write(path, path.relative_to(folder))
    listed, unlisted = (
        entry.record for entry in wikiart_download(ZipFiles(tmp_path / "one.zip"), Files(lists)).entries
    )
    assert (listed.genre, listed.style) == ("portrait", "Symbolism")
    assert (unlisted.genre, unlisted.style) == ("", "Symbolism")


def test_a_picture_in_no_list_keeps_the_style_of_its_folder(tmp_path: Path, lists: Path) -> None:
    files = download(tmp_path, "Rococo/nobody_nothing.jpg", "Art_Nouveau_Modern/eugã¨ne-grasset_woman-science.jpg")
    listing = wikiart_download(files, Files(lists))
    listed, unlisted = (entry.record for entry in listing.entries)
    assert (listed.genre, listed.style) == ("abstract_painting", "Art_Nouveau")
    assert unlisted == Record("Rococo/nobody_nothing.jpg", "", "Rococo", "Nobody", "Nothing", "")
    assert "1 pictures are in no style list and get their folder's name" in listing.remarks


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("vincent-van-gogh_ears-of-wheat-1890(1).jpg", ("Vincent van Gogh", "Ears of wheat", "1890")),
        ("theodor-severin-kittelsen_kvitebj-rn-kong-valemon-1912-2.jpg",
         ("Theodor Severin Kittelsen", "Kvitebj rn kong valemon", "1912")),
        ("claude-monet_water-lilies-6.jpg", ("Claude Monet", "Water lilies 6", "")),
        ("kathe-kollwitz_not_detected_235973.jpg", ("Kathe Kollwitz", "", "")),
        ("joaquã­n-sorolla_study-of-vineyard.jpg", ("Joaquín Sorolla", "Study of vineyard", "")),
        ("rembrandt_the-philosopher....jpg", ("Rembrandt", "The philosopher", "")),
        ("gene-davis_untitled-1979(3).jpg", ("Gene Davis", "Untitled", "1979")),
    ],
)  # fmt: skip
def test_artist_title_and_year_stand_in_the_name(file: str, read: tuple[str, str, str]) -> None:
    assert read_name(file) == read


@pytest.mark.parametrize("name", ["plain-name.jpg", "café.jpg", "bã.jpg", "müller.jpg"])
def test_a_whole_name_needs_no_repair(name: str) -> None:
    assert repair(name) == name


@pytest.mark.parametrize(
    ("table", "content", "message"),
    [
        ("style_class.txt", None, "style_class.txt does not exist; --wikiart-lists names the folder that holds"),
        ("genre_val.csv", b"\nno pair\n", "genre_val.csv, line 2: 'no pair' is not a pair; download the list again"),
        ("genre_val.csv", b"Symbolism/a_b.jpg,7\n", "genre_val.csv: index '7' is not in genre_class.txt"),
        ("genre_val.csv", b"\xff\xfe,1\n", "genre_val.csv cannot be read as UTF-8 ("),
    ],
)
def test_a_list_at_fault_is_refused_by_name(
    tmp_path: Path, lists: Path, table: str, content: bytes | None, message: str
) -> None:
    if content is None:
        (lists / table).unlink()
    else:
        (lists / table).write_bytes(content)
    files = download(tmp_path, "Symbolism/arnold-böcklin_the-plague-1898.jpg")
    with pytest.raises(UserError) as caught:
        wikiart_download(files, Files(lists))
    assert message in str(caught.value)


def test_lists_and_pictures_that_have_nothing_in_common_are_refused(tmp_path: Path, lists: Path) -> None:
    with pytest.raises(UserError, match=r"lists has no \.jpg files; give the folder"):
        wikiart_download(Files(lists), Files(lists))
    files = download(tmp_path, "Rococo/nobody_nothing.jpg")
    with pytest.raises(UserError, match=r"none of the 1 pictures in wikiart is in the label lists in lists"):
        wikiart_download(files, Files(lists))
