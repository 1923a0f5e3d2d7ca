"""From a source to a dataset folder: what is kept, how it is split, and what a failure leaves behind."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from tiny_data import GENRES, STYLES, prepared, random_picture, write_collection

from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.preparing.sources.files import Entry, Listing, Record, Source
from common.preparing.sources.opening import open_source
from common.preparing.squares import make_square, resize


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def everything(folder: Path) -> dict[Path, tuple[int, str]]:
    """Each file below `folder` with its time and content."""
    return {
        path: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_folder_holds_what_the_design_promises_and_nothing_else(dataset_folder: Path) -> None:
    names = {"dataset.json", "labels.csv", "rejected.csv", "images-64.npy", "images-128.npy"}
    assert {path.name for path in dataset_folder.iterdir()} == names
    assert list(dataset_folder.parent.iterdir()) == [dataset_folder]
    description = json.loads((dataset_folder / "dataset.json").read_text(encoding="utf-8"))
    assert description["sizes"] == [64, 128]
    assert description["paintings"] == {"train": 63, "validation": 3, "test": 3}
    for name, checksum in description["checksums"].items():
        assert hashlib.sha256((dataset_folder / name).read_bytes()).hexdigest() == checksum
    assert description["checksums"].keys() == names - {"dataset.json", "rejected.csv"}


def test_rows_and_pictures_are_those_of_the_source_in_its_order(collection: Path, dataset_folder: Path) -> None:
    rows = table(dataset_folder / "labels.csv")
    assert [row["index"] for row in rows] == [str(index) for index in range(69)]
    with Image.open(collection / "07.png") as picture:
        digest = hashlib.sha256(b"(160, 128)" + picture.tobytes()).hexdigest()
        for size in (64, 128):
            stored = np.load(dataset_folder / f"images-{size}.npy")
            assert (stored.shape, stored.dtype) == ((69, size, size, 3), np.uint8)
            assert np.array_equal(stored[7], np.asarray(resize(make_square(picture, "crop"), size)))
    del rows[7]["split"]
    cells = (
        "7",
        "portrait",
        "impressionism",
        "A. Painter",
        "Title of 07.png",
        "1901",
        "collection/07.png",
        digest,
        "1.25",
    )
    assert tuple(rows[7].values()) == cells


def test_the_vocabulary_is_in_alphabetical_order_and_counts_the_training_split(dataset_folder: Path) -> None:
    vocabulary = json.loads((dataset_folder / "dataset.json").read_text(encoding="utf-8"))["vocabulary"]
    train = [row for row in table(dataset_folder / "labels.csv") if row["split"] == "train"]
    for kind, names in (("genre", GENRES), ("style", STYLES)):
        counts = Counter(row[kind] for row in train)
        assert list(vocabulary[f"{kind}s"].items()) == [(name, counts[name]) for name in sorted(names)]


def test_the_split_is_the_same_whatever_the_order_and_names_of_the_files(
    collection: Path, dataset_folder: Path, tmp_path: Path
) -> None:
    entries = list(open_source(str(collection))().entries)
    order = np.random.default_rng(0).permutation(69)
    renamed = [Entry(replace(entries[place].record, name=f"x{place}"), entries[place].read) for place in order]
    prepared(lambda: Listing("shuffled", renamed, 69), tmp_path / "data")
    first, second = (
        {row["sha256"]: row["split"] for row in table(folder / "labels.csv")}
        for folder in (dataset_folder, tmp_path / "data")
    )
    assert first == second


def few(folder: Path, labels: list[tuple[str, str]]) -> Path:
    """A folder of small pictures with these genres and styles."""
    pictures = {f"{number:02}.png": random_picture(number, 64, 64) for number in range(len(labels))}
    return write_collection(folder, pictures, dict(zip(pictures, labels, strict=True)))


def test_refused_pictures_and_near_duplicates_are_listed_with_their_reasons(tmp_path: Path) -> None:
    pictures = few(tmp_path / "pictures", [("portrait", "cubism")] * 5)
    with Image.open(pictures / "00.png") as original:
        ImageOps.mirror(original.resize((96, 96))).save(pictures / "03.png")
    (pictures / "01.png").write_bytes(b"no picture")
    random_picture(9, 200, 63).save(pictures / "04.png")
    report = prepared(pictures, tmp_path / "data")
    assert [(row["file"], row["reason"]) for row in table(tmp_path / "data" / "rejected.csv")] == [
        ("01.png", "is not a picture in a supported format"),
        ("04.png", "200x63 pixels, smaller than 64 (see --enlarge)"),
        ("00.png", "near-duplicate of 03.png"),
    ]
    assert report.lines[-3:] == [
        "1 refused, such as 01.png: is not a picture in a supported format",
        "1 refused, such as 04.png: 200x63 pixels, smaller than 64 (see --enlarge)",
        "2 train, 0 validation, 0 test; 2 refused, near-duplicates left out: 1 (--keep-duplicates keeps them)",
    ]
    stored = np.load(tmp_path / "data" / "images-64.npy")
    assert [row["source"] for row in table(tmp_path / "data" / "labels.csv")] == ["pictures/02.png", "pictures/03.png"]
    assert np.array_equal(stored[0], np.asarray(random_picture(2, 64, 64)))


@pytest.mark.parametrize(
    ("labels", "taxonomy_only", "kept"),
    [
        ([("portrait", ""), ("portrait", "cubism"), ("Unknown Genre", "cubism")], True, 1),
        ([("spaceship", "vorticism"), ("portrait", ""), ("spaceship", "vorticism")], True, 1),
        ([("portrait", ""), ("spaceship", "vorticism"), ("", "")], False, 1),
        ([("portrait", "cubism")] * 3, True, 2),
    ],
    ids=["most labels", "labels that the taxonomy knows", "or that keep their names", "then the largest"],
)
def test_of_near_duplicates_the_one_with_the_most_labels_is_kept_then_the_largest(
    tmp_path: Path, labels: list[tuple[str, str]], taxonomy_only: bool, kept: int
) -> None:
    pictures = few(tmp_path / "pictures", labels)
    for number, size in enumerate((90, 64, 100)):
        random_picture(0, 64, 64).resize((size, size)).save(pictures / f"{number:02}.png")
    prepared(pictures, tmp_path / "data", taxonomy_only=taxonomy_only)
    assert [row["source"] for row in table(tmp_path / "data" / "labels.csv")] == [f"pictures/{kept:02}.png"]


def test_near_duplicates_that_are_kept_lie_in_the_same_split(tmp_path: Path) -> None:
    pictures = few(tmp_path / "pictures", [("portrait", "cubism")] * 80)
    for number in range(40):
        random_picture(number, 96, 96).save(pictures / f"{number + 40:02}.png")
    report = prepared(pictures, tmp_path / "data", keep_duplicates=True)
    sides = {Path(row["source"]).stem: row["split"] for row in table(tmp_path / "data" / "labels.csv")}
    assert report.lines[-1].endswith("; 0 refused, near-duplicates kept in the same split: 40")
    assert Counter(sides.values()) == {"train": 72, "validation": 4, "test": 4}
    assert all(sides[f"{number:02}"] == sides[f"{number + 40:02}"] for number in range(40))


def test_colourways_are_kept_in_one_split_and_counted(tmp_path: Path) -> None:
    pictures = few(tmp_path / "pictures", [("portrait", "cubism")] * 80)
    for number in range(40):
        shapes = random_picture(number, 64, 64).convert("L").point(lambda level: 255 if level > 110 else 0)
        ImageOps.colorize(shapes, (180, 30, 30), "white").save(pictures / f"{number:02}.png")
        ImageOps.colorize(shapes, (30, 60, 200), "white").save(pictures / f"{number + 40:02}.png")
    report = prepared(pictures, tmp_path / "data")
    sides = {Path(row["source"]).stem: row["split"] for row in table(tmp_path / "data" / "labels.csv")}
    assert report.lines[-2] == "40 pictures differ from another in colour alone: kept, in its split"
    assert Counter(sides.values()) == {"train": 72, "validation": 4, "test": 4}
    assert all(sides[f"{number:02}"] == sides[f"{number + 40:02}"] for number in range(40))


def test_pictures_that_were_mended_are_counted_and_named(tmp_path: Path) -> None:
    pictures = few(tmp_path / "pictures", [("portrait", "cubism")] * 5)
    for number in range(4):
        file = io.BytesIO()
        random_picture(number, 300, 300).save(file, "JPEG")
        (pictures / f"{number:02}.png").write_bytes(file.getvalue()[:-40])
    report = prepared(pictures, tmp_path / "data")
    mended = [line for line in report.lines if "lack" in line]
    assert mended == ["4 pictures lack their end: taken down to the last whole row (00.png, 01.png, 02.png, …)"]


def test_small_pictures_are_enlarged_long_ones_refused_and_borders_trimmed_on_request(tmp_path: Path) -> None:
    pictures = few(tmp_path / "pictures", [("portrait", "cubism")] * 3)
    description = prepared(pictures, tmp_path / "large", sizes=(128,), enlarge=True).description
    assert description.enlarged
    assert np.load(tmp_path / "large" / "images-128.npy").shape == (3, 128, 128, 3)
    random_picture(7, 400, 99).save(pictures / "00.png")
    framed = Image.new("RGB", (100, 100), "white")
    framed.paste(random_picture(8, 64, 64), (20, 10))
    framed.save(pictures / "01.png")
    assert prepared(pictures, tmp_path / "data", trim=True).description.trimmed
    (refused,) = table(tmp_path / "data" / "rejected.csv")
    assert refused == {"file": "00.png", "reason": "400x99 pixels, longer than 4 to 1 (see --max-aspect)"}
    assert np.array_equal(np.load(tmp_path / "data" / "images-64.npy")[0], np.asarray(random_picture(8, 64, 64)))


def test_the_shapes_that_pictures_had_are_kept_and_travel_with_the_labels_of_squashed_ones(tmp_path: Path) -> None:
    pictures = few(tmp_path / "pictures", [("portrait", "cubism"), ("landscape", "cubism")] * 6)
    for number in range(12):
        random_picture(number, *((150, 100) if number % 2 else (72, 96))).save(pictures / f"{number:02}.png")
    known = prepared(pictures, tmp_path / "squashed", fit="squash").description.vocabulary.shapes
    assert (set(known["portrait"]), set(known["landscape"])) == ({0.75}, {1.5})
    assert set(known["any"]) == {0.75, 1.5}
    assert PaintingDataset(tmp_path / "squashed").vocabulary.shapes == known
    assert [row["aspect"] for row in table(tmp_path / "squashed" / "labels.csv")] == ["0.75", "1.5"] * 6
    assert prepared(pictures, tmp_path / "cropped").description.vocabulary.shapes == {}
    assert [row["aspect"] for row in table(tmp_path / "cropped" / "labels.csv")] == ["0.75", "1.5"] * 6


def test_styles_merge_into_families_or_stand_beside_them(tmp_path: Path) -> None:
    styles = ["Mannerism (Late Renaissance)", "High Renaissance", "High Renaissance", "cubism"]
    pictures = few(tmp_path / "pictures", [("portrait", style) for style in styles])
    merged, fine = (
        prepared(pictures, tmp_path / f"{fine}", fine_styles=fine).description.vocabulary for fine in (False, True)
    )
    assert (merged.styles, merged.families) == ({"cubism": 1, "renaissance": 3}, {})
    assert fine.styles == {"cubism": 1, "high-renaissance": 2, "mannerism": 1}
    assert fine.families == {"renaissance": ("high-renaissance", "mannerism")}


def test_other_spellings_of_labels_and_of_families_can_be_requested(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("genres: {portrait: [Bildnis]}\nstyles: {fauvism: {family: modern}, cubism: {family: modern}}\n")
    pictures = few(tmp_path / "pictures", [("portrait", "cubism"), ("portrait", "fauvism")])
    vocabulary = prepared(pictures, tmp_path / "data", taxonomy=own).description.vocabulary
    assert (vocabulary.styles, vocabulary.families) == ({"modern": 2}, {})
    assert vocabulary.genre_weights("bildnis") == vocabulary.style_weights("Fauvism") == (1,)


def held_out(folder: Path) -> dict[str, str]:
    """The split of each picture that training does not see."""
    return {Path(row["source"]).stem: row["split"] for row in table(folder / "labels.csv") if row["split"] != "train"}


@pytest.mark.parametrize("alone", [("test",), ("validation",), ("test", "validation")])
def test_a_style_that_held_out_splits_alone_would_hold_is_left_to_training(
    tmp_path: Path, alone: tuple[str, ...]
) -> None:
    labels = [("portrait", "cubism")] * 20
    prepared(few(tmp_path / "pictures", labels), tmp_path / "common")
    common = held_out(tmp_path / "common")
    for name, split in common.items():
        if split in alone:
            labels[int(name)] = ("portrait", "fauvism")
    report = prepared(few(tmp_path / "pictures", labels), tmp_path / "rare")
    # If both splits would hold it, the test split keeps its painting.
    (given,) = {*alone} - {"test"} or {"test"}
    assert held_out(tmp_path / "rare") == {name: split for name, split in common.items() if split != given}
    assert report.description.vocabulary.styles == {"cubism": 18, "fauvism": 1}
    assert report.lines[-2] == (
        f"no pictures were held out for {given}: that takes 11 or more of one genre; "
        f"you can train on this dataset, but not measure on {given}"
    )


def test_test_paintings_are_the_first_of_their_genre_by_content_and_validation_the_next(dataset_folder: Path) -> None:
    # So the test paintings are those of before there was a validation split, and older weights have not seen them.
    rows = table(dataset_folder / "labels.csv")
    for genre in GENRES:
        by_content = sorted((row for row in rows if row["genre"] == genre), key=lambda row: row["sha256"])
        assert [row["split"] for row in by_content] == ["test", "validation"] + ["train"] * 20


def test_too_few_pictures_to_hold_any_out_are_all_trained_on_and_that_is_said(tmp_path: Path) -> None:
    pictures = few(tmp_path / "pictures", [("portrait", "cubism"), ("landscape", "cubism")] * 10)
    report = prepared(pictures, tmp_path / "data")
    assert report.description.paintings == {"train": 20, "validation": 0, "test": 0}
    assert report.lines[-2].startswith("no pictures were held out for validation and test: that takes 11 or more of ")


def test_labels_that_are_not_known_keep_the_name_that_the_collection_writes_or_are_lost_and_counted(
    tmp_path: Path,
) -> None:
    labels = [("portrait", "Art Brut"), ("Spaceship", "Art_Brut"), ("any", "cubism"), ("portrait", "rare")]
    pictures = few(tmp_path / "pictures", labels)
    lost, kept = (prepared(pictures, tmp_path / f"{only}", taxonomy_only=only) for only in (True, False))
    assert (
        "4 pictures lost their genre or style, which the taxonomy does not know; add it to your own --taxonomy, "
        "or leave out --taxonomy-only"
    ) in lost.lines
    assert (lost.description.vocabulary.genres, lost.description.vocabulary.styles) == ({"portrait": 2}, {"cubism": 1})
    assert any(line.startswith("1 pictures lost their genre or style, which is no name") for line in kept.lines)
    vocabulary = PaintingDataset(tmp_path / "False").vocabulary
    assert vocabulary.genres == {"Spaceship": 1, "portrait": 2}
    assert vocabulary.styles == {"Art Brut": 2, "cubism": 1, "rare": 1}
    assert vocabulary.spelling("style", "art-brut") == "Art Brut"
    rare = prepared(pictures, tmp_path / "rare", min_count=2)
    assert rare.description.vocabulary.styles == {"Art Brut": 2}
    assert [row["style"] for row in table(tmp_path / "rare" / "labels.csv")] == ["Art Brut", "Art Brut", "", ""]


def test_of_very_many_labels_the_commonest_are_shown(tmp_path: Path) -> None:
    report = prepared(came_with([("", f"kind {number}", "") for number in range(70)]), tmp_path / "data")
    assert len(report.description.vocabulary.genres) == 70
    assert "… and 40 rarer ones, 0 of them unlabelled" in report.lines


def came_with(labels: list[tuple[str, str, str]], seeds: list[int] | None = None) -> Source:
    """A source of pictures with these splits, genres and styles."""
    seeds = seeds or list(range(len(labels)))
    entries = [
        Entry(Record(str(number), genre, style, split=split), partial(random_picture, seed, 64, 64))
        for number, ((split, genre, style), seed) in enumerate(zip(labels, seeds, strict=True))
    ]
    return lambda: Listing("came", entries, len(entries))


def test_splits_that_came_with_the_pictures_are_kept_and_the_missing_one_is_taken_from_training(
    tmp_path: Path,
) -> None:
    labels = [("train", "portrait", "")] * 40 + [("test", "portrait", "")] * 5
    prepared(came_with(labels), tmp_path / "data")
    splits = [row["split"] for row in table(tmp_path / "data" / "labels.csv")]
    assert splits[40:] == ["test"] * 5
    assert Counter(splits[:40]) == {"train": 38, "validation": 2}
    with pytest.raises(UserError, match="all pictures are in the splits test and validation that came with them; give"):
        prepared(came_with([("test", "portrait", "")] * 2), tmp_path / "none")


@pytest.mark.parametrize("keep", [False, True])
def test_a_copy_of_a_test_picture_is_never_trained_on(tmp_path: Path, keep: bool) -> None:
    source = came_with(
        [("train", "portrait", ""), ("train", "portrait", "cubism"), ("test", "portrait", "")], [0, 1, 1]
    )
    prepared(source, tmp_path / "data", keep_duplicates=keep)
    splits = [(row["source"], row["split"]) for row in table(tmp_path / "data" / "labels.csv")]
    assert splits == [("came/0", "train"), *([("came/1", "test")] * keep), ("came/2", "test")]


def test_near_duplicates_in_another_class_folder_are_said_and_a_kind_without_labels_takes_one_line(
    tmp_path: Path,
) -> None:
    picture = random_picture(0)
    for genre, name in (("portrait", "a.png"), ("nude", "b.jpg"), ("nude", "c.png"), ("portrait", "d.png")):
        (tmp_path / "art" / genre).mkdir(parents=True, exist_ok=True)
        (picture if name < "c" else random_picture(ord(name[0]))).save(tmp_path / "art" / genre / name)
    report = prepared(open_source(str(tmp_path / "art"), folders="genre"), tmp_path / "data", min_count=1)
    assert [line for line in report.lines if line.startswith("1 near-duplicates had other labels than the one kept: ")]
    assert "styles: none" in report.lines


def test_labels_that_a_split_of_its_own_alone_has_are_taken_off_and_that_is_said(tmp_path: Path) -> None:
    report = prepared(came_with([("train", "portrait", ""), ("test", "nude|portrait", "")]), tmp_path / "data")
    assert [row["genre"] for row in table(tmp_path / "data" / "labels.csv")] == ["portrait", "portrait"]
    assert "1 labels of held-out pictures were taken off: no picture of the training split has them" in report.lines
    assert PaintingDataset(tmp_path / "data").vocabulary.genres == {"portrait": 1}


def test_a_picture_in_several_class_folders_has_all_their_labels(tmp_path: Path) -> None:
    labels = [("", "portrait", "cubism"), ("", "nude", ""), ("", "nude", "")]
    report = prepared(came_with(labels, [0, 0, 1]), tmp_path / "data")
    rows = [(row["genre"], row["style"]) for row in table(tmp_path / "data" / "labels.csv")]
    assert rows == [("portrait|nude", "cubism"), ("nude", "")]
    assert "1 pictures stand there several times with different labels, and have them all: 0" in report.lines
    assert report.description.vocabulary.genres == {"nude": 2, "portrait": 1}


def test_a_dataset_in_which_no_label_is_left_is_refused_and_one_without_styles_left_says_so_last(
    tmp_path: Path,
) -> None:
    source = came_with([("", "portrait", "cubism"), ("", "portrait", "rococo")])
    with pytest.raises(
        UserError,
        match=r"no genre is left: the commonest, 'portrait', has 2 pictures, and --min-count asks for 3; lower",
    ):
        prepared(source, tmp_path / "data", min_count=3)
    few = "no style is left: the commonest, 'cubism', has 1 pictures, and --min-count asks for 2; lower --min-count"
    assert prepared(source, tmp_path / "data", min_count=None).lines[-2] == few
    none = prepared(came_with([("", "", "")]), tmp_path / "none", min_count=None).lines[-2]
    assert none == "no picture has a label: give a table with the columns genre and style, or --folders genre"
    unknown = came_with([("", "spaceship", "")])
    with pytest.raises(UserError, match=r"no genre is left: the first, 'spaceship', and all others are unknown; see"):
        prepared(unknown, tmp_path / "unknown", taxonomy_only=True)


def test_two_workers_make_the_folder_that_one_makes(collection: Path, dataset_folder: Path, tmp_path: Path) -> None:
    prepared(collection, tmp_path / "data", sizes=(64, 128), workers=2)
    for path in dataset_folder.iterdir():
        assert (tmp_path / "data" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("out", "overwrite", "message"),
    [
        ("data", False, "data already exists; give another folder with --out, or replace it with --overwrite"),
        ("data", True, "data/letter.txt is not part of a dataset; move it or give another folder with --out"),
        ("letters", True, "letters/dear.txt is not part of a dataset"),
        ("file", True, "file is not part of a dataset"),
        ("file/data", False, "cannot write .*file/data: Not a directory; nothing was changed"),
    ],
)
def test_what_is_not_of_a_dataset_is_refused_and_untouched(
    collection: Path, dataset_folder: Path, tmp_path: Path, out: str, overwrite: bool, message: str
) -> None:
    shutil.copytree(dataset_folder, tmp_path / "data")
    (tmp_path / "letters").mkdir()
    for letter in ("data/letter.txt", "letters/dear.txt", "file"):
        (tmp_path / letter).write_text("dear")
    before = everything(tmp_path)
    with pytest.raises(UserError, match=message):
        prepared(collection, tmp_path / out, overwrite=overwrite)
    assert everything(tmp_path) == before


def test_a_dataset_is_replaced_on_request_even_from_inside(
    dataset_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(dataset_folder, tmp_path / "data")
    (tmp_path / "data" / "features").mkdir()
    pictures = few(tmp_path / "pictures", [("portrait", "cubism")] * 2)
    monkeypatch.chdir(tmp_path / "data")
    prepared(pictures, Path(), overwrite=True)
    assert np.load(tmp_path / "data" / "images-64.npy").shape == (2, 64, 64, 3)
    assert not (tmp_path / "data" / "images-128.npy").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"data", "pictures"}


def test_what_appears_while_a_dataset_is_made_is_not_replaced(tmp_path: Path) -> None:
    pictures = few(tmp_path / "pictures", [("portrait", "cubism")] * 2)

    def meanwhile() -> Listing:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "letter.txt").write_text("dear")
        return open_source(str(pictures))()

    with pytest.raises(
        UserError, match=r"cannot write .*data: another program has written there in the meantime; nothing"
    ):
        prepared(meanwhile, tmp_path / "data")
    assert (tmp_path / "data" / "letter.txt").read_text() == "dear"
    assert {path.name for path in tmp_path.iterdir()} == {"data", "pictures"}


def failing(how: str) -> Listing:
    """A source whose second picture fails in a way that no one foresaw."""
    records = [Record(str(number), "portrait", "cubism") for number in range(3)]
    return Listing("failing", [Entry(record, partial(_fail, how, record.name)) for record in records], 3)


def _fail(how: str, name: str) -> Image.Image:
    if name == "1" and how == "killed":
        os._exit(9)
    if name == "1" and how == "disk":
        raise OSError(28, "No space left on device")
    if name == "1" and how == "memory":
        raise MemoryError
    if name == "1":
        raise ZeroDivisionError("unforeseen")
    return random_picture(int(name), 64, 64)


def test_a_picture_that_takes_too_much_memory_is_refused_with_that_reason(tmp_path: Path) -> None:
    prepared(partial(failing, "memory"), tmp_path / "data")
    (refused,) = table(tmp_path / "data" / "rejected.csv")
    assert refused == {"file": "1", "reason": "needs more memory than is free; try fewer --workers"}


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("disk", UserError, r"^cannot write .*data: No space left on device; nothing was changed$"),
        ("killed", UserError, "a decoding process was killed, .* try fewer --workers$"),
        ("bug", ZeroDivisionError, "^unforeseen$"),
    ],
)
def test_a_failed_preparation_leaves_nothing_behind_and_the_old_dataset_as_it_was(
    dataset_folder: Path, tmp_path: Path, how: str, error: type[Exception], message: str
) -> None:
    shutil.copytree(dataset_folder, tmp_path / "data")
    before = everything(tmp_path)
    with pytest.raises(error, match=message):
        prepared(partial(failing, how), tmp_path / "data", overwrite=True)
    assert everything(tmp_path) == before
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


def test_a_source_of_which_nothing_can_be_used_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    pictures = few(tmp_path / "pictures", [("portrait", "cubism")] * 2)
    with pytest.raises(
        UserError, match=r"^pictures: none of its 2 pictures can be used; the first: 64x64 pixels, smaller"
    ):
        prepared(pictures, tmp_path / "data", sizes=(128,))
    assert list(tmp_path.iterdir()) == [pictures]
