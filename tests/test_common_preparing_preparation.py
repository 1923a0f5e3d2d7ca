"""From a source to a dataset folder: what is kept, how it is split, and what a failure leaves behind."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from tiny_data import GENRES, STYLES, random_picture, tiny_preparation, write_collection

from common.data.dataset import HELD_OUT, HeldOut, PaintingDataset
from common.errors import UserError
from common.preparing.pictures import make_square, resize
from common.preparing.preparation import prepare
from common.preparing.sources.files import FolderFiles
from common.preparing.sources.labels_table import LabelsTable
from common.preparing.sources.listing import Entry, Listing, Record, Source
from common.preparing.sources.painted import PaintedPictures
from common.preparing.taxonomy import Taxonomy


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


def test_stored_pictures_are_those_of_the_source_in_its_order(collection: Path, dataset_folder: Path) -> None:
    for size in (64, 128):
        stored = np.load(dataset_folder / f"images-{size}.npy")
        assert (stored.shape, stored.dtype) == ((69, size, size, 3), np.uint8)
        for row in (0, 37, 68):
            with Image.open(collection / f"{row:02}.png") as picture:
                assert np.array_equal(stored[row], np.asarray(resize(make_square(picture, "crop"), size)))


def test_a_row_of_labels_tells_where_its_picture_comes_from(collection: Path, dataset_folder: Path) -> None:
    rows = table(dataset_folder / "labels.csv")
    assert [row["index"] for row in rows] == [str(index) for index in range(69)]
    with Image.open(collection / "07.png") as picture:
        digest = hashlib.sha256(b"(160, 128)" + picture.tobytes()).hexdigest()
    assert rows[7] | {"split": ""} == {
        "index": "7",
        "split": "",
        "genre": "portrait",
        "style": "impressionism",
        "artist": "A. Painter",
        "title": "Title of 07.png",
        "year": "1901",
        "source": "collection/07.png",
        "sha256": digest,
    }


def test_one_in_twenty_of_each_genre_is_test_and_as_many_are_validation(dataset_folder: Path) -> None:
    splits = Counter((row["split"], row["genre"]) for row in table(dataset_folder / "labels.csv"))
    # 22 pictures a genre make one; 3 without a genre make none.
    counts = {"test": 1, "validation": 1, "train": 20}
    expected = {(split, genre): count for split, count in counts.items() for genre in GENRES}
    assert splits == Counter(expected | {("train", ""): 3})


def test_the_vocabulary_is_in_alphabetical_order_and_counts_the_training_split(dataset_folder: Path) -> None:
    vocabulary = json.loads((dataset_folder / "dataset.json").read_text(encoding="utf-8"))["vocabulary"]
    train = [row for row in table(dataset_folder / "labels.csv") if row["split"] == "train"]
    for kind, names in (("genre", GENRES), ("style", STYLES)):
        counts = Counter(row[kind] for row in train)
        assert list(vocabulary[f"{kind}s"].items()) == [(name, counts[name]) for name in sorted(names)]


def test_the_split_is_the_same_whatever_the_order_and_names_of_the_files(
    collection: Path, dataset_folder: Path, tmp_path: Path
) -> None:
    @dataclass
    class Shuffled:
        name = "shuffled"

        def listing(self) -> Listing:
            entries = list(LabelsTable(FolderFiles(collection)).listing().entries)
            order = np.random.default_rng(0).permutation(69)
            renamed = [Entry(replace(entries[place].record, name=f"x{place}"), entries[place].read) for place in order]
            return Listing(renamed, 69)

    prepare(Shuffled(), tmp_path / "data", tiny_preparation(), Taxonomy.load(), overwrite=False)
    first, second = (
        {row["sha256"]: row["split"] for row in table(folder / "labels.csv")}
        for folder in (dataset_folder, tmp_path / "data")
    )
    assert first == second


def few(folder: Path, labels: list[tuple[str, str]]) -> LabelsTable:
    """A source of small pictures with these genres and styles."""
    pictures = {f"{number:02}.png": random_picture(number, 64, 64) for number in range(len(labels))}
    return LabelsTable(FolderFiles(write_collection(folder, pictures, dict(zip(pictures, labels, strict=True)))))


def test_refused_pictures_and_near_duplicates_are_listed_with_their_reasons(tmp_path: Path) -> None:
    source = few(tmp_path / "pictures", [("portrait", "cubism")] * 5)
    pictures = tmp_path / "pictures"
    with Image.open(pictures / "00.png") as original:
        ImageOps.mirror(original.resize((96, 96))).save(pictures / "03.png")
    (pictures / "01.png").write_bytes(b"no picture")
    random_picture(9, 200, 63).save(pictures / "04.png")
    report = prepare(source, tmp_path / "data", tiny_preparation(), Taxonomy.load(), overwrite=False)
    assert [(row["file"], row["reason"]) for row in table(tmp_path / "data" / "rejected.csv")] == [
        ("01.png", "is not a picture in a supported format"),
        ("04.png", "200x63 pixels, smaller than 64 (see --enlarge)"),
        ("00.png", "near-duplicate of 03.png"),
    ]
    assert (len(report.rejected), report.duplicates) == (2, 1)
    assert report.common_reasons() == [
        "1 refused, for example: is not a picture in a supported format",
        "1 refused, for example: 200x63 pixels, smaller than 64 (see --enlarge)",
    ]
    stored = np.load(tmp_path / "data" / "images-64.npy")
    assert [row["source"] for row in table(tmp_path / "data" / "labels.csv")] == ["pictures/02.png", "pictures/03.png"]
    assert np.array_equal(stored[0], np.asarray(random_picture(2, 64, 64)))


def test_of_near_duplicates_the_one_that_says_most_is_taken_however_small(tmp_path: Path) -> None:
    source = few(tmp_path / "pictures", [("portrait", ""), ("portrait", "cubism"), ("Unknown Genre", "cubism")])
    for number, size in enumerate((90, 64, 100)):
        random_picture(0, 64, 64).resize((size, size)).save(tmp_path / "pictures" / f"{number:02}.png")
    prepare(source, tmp_path / "data", tiny_preparation(), Taxonomy.load(), overwrite=False)
    assert [row["source"] for row in table(tmp_path / "data" / "labels.csv")] == ["pictures/01.png"]


def test_of_near_duplicates_labels_that_the_taxonomy_does_not_know_do_not_count(tmp_path: Path) -> None:
    source = few(tmp_path / "pictures", [("spaceship", "vorticism"), ("portrait", ""), ("spaceship", "vorticism")])
    for number, size in enumerate((90, 64, 100)):
        random_picture(0, 64, 64).resize((size, size)).save(tmp_path / "pictures" / f"{number:02}.png")
    prepare(source, tmp_path / "data", tiny_preparation(), Taxonomy.load(), overwrite=False)
    assert [row["source"] for row in table(tmp_path / "data" / "labels.csv")] == ["pictures/01.png"]


def test_of_near_duplicates_labels_that_keep_their_own_names_count(tmp_path: Path) -> None:
    source = few(tmp_path / "pictures", [("spaceship", "vorticism"), ("portrait", "")])
    for number in range(2):
        random_picture(0, 64, 64).save(tmp_path / "pictures" / f"{number:02}.png")
    prepare(source, tmp_path / "data", tiny_preparation(keep_unknown=True), Taxonomy.load(), overwrite=False)
    assert [row["genre"] for row in table(tmp_path / "data" / "labels.csv")] == ["spaceship"]


def test_near_duplicates_that_are_kept_lie_in_the_same_split(tmp_path: Path) -> None:
    source = few(tmp_path / "pictures", [("portrait", "cubism")] * 80)
    for number in range(40):
        random_picture(number, 96, 96).save(tmp_path / "pictures" / f"{number + 40:02}.png")
    settings = tiny_preparation(keep_duplicates=True)
    report = prepare(source, tmp_path / "data", settings, Taxonomy.load(), overwrite=False)
    sides = {Path(row["source"]).stem: row["split"] for row in table(tmp_path / "data" / "labels.csv")}
    assert report.duplicates == 40
    assert Counter(sides.values()) == {"train": 72, "validation": 4, "test": 4}
    assert all(sides[f"{number:02}"] == sides[f"{number + 40:02}"] for number in range(40))


def test_small_pictures_are_enlarged_where_that_is_wanted(tmp_path: Path) -> None:
    source = few(tmp_path / "pictures", [("portrait", "cubism")] * 2)
    settings = tiny_preparation(sizes=(128,), enlarge=True)
    report = prepare(source, tmp_path / "data", settings, Taxonomy.load(), overwrite=False)
    assert not report.rejected
    assert report.description.enlarged
    assert np.load(tmp_path / "data" / "images-128.npy").shape == (2, 128, 128, 3)


def test_long_pictures_are_refused_and_borders_trimmed_where_that_is_wanted(tmp_path: Path) -> None:
    source = few(tmp_path / "pictures", [("portrait", "cubism")] * 3)
    random_picture(7, 400, 99).save(tmp_path / "pictures" / "00.png")
    framed = Image.new("RGB", (100, 100), "white")
    framed.paste(random_picture(8, 64, 64), (20, 10))
    framed.save(tmp_path / "pictures" / "01.png")
    settings = tiny_preparation(trim=True, max_aspect=4.0)
    description = prepare(source, tmp_path / "data", settings, Taxonomy.load(), overwrite=False).description
    assert description.trimmed
    (refused,) = table(tmp_path / "data" / "rejected.csv")
    assert refused == {"file": "00.png", "reason": "400x99 pixels, longer than 4 to 1 (see --max-aspect)"}
    assert np.array_equal(np.load(tmp_path / "data" / "images-64.npy")[0], np.asarray(random_picture(8, 64, 64)))


def test_styles_merge_into_families_or_stand_beside_them(tmp_path: Path) -> None:
    styles = ["Mannerism (Late Renaissance)", "High Renaissance", "High Renaissance", "cubism"]
    source = few(tmp_path / "pictures", [("portrait", style) for style in styles])
    merged, fine = (
        prepare(
            source, tmp_path / f"{merge}", tiny_preparation(merge_families=merge), Taxonomy.load(), overwrite=False
        ).description.vocabulary
        for merge in (True, False)
    )
    assert (merged.styles, merged.families) == ({"cubism": 1, "renaissance": 3}, {})
    assert fine.styles == {"cubism": 1, "high-renaissance": 2, "mannerism": 1}
    assert fine.families == {"renaissance": ("high-renaissance", "mannerism")}


def test_families_that_are_no_styles_merge_as_well(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("genres: {portrait: [Bildnis]}\nstyles: {fauvism: {family: modern}, cubism: {family: modern}}\n")
    source = few(tmp_path / "pictures", [("portrait", "cubism"), ("portrait", "fauvism")])
    report = prepare(source, tmp_path / "data", tiny_preparation(), Taxonomy.load(own), overwrite=False)
    vocabulary = report.description.vocabulary
    assert (vocabulary.styles, vocabulary.families) == ({"modern": 2}, {})
    assert vocabulary.genre_weights("bildnis") == vocabulary.style_weights("Fauvism") == (1,)


@pytest.mark.parametrize("split", HELD_OUT)
def test_a_style_that_one_held_out_split_alone_would_hold_is_left_to_training(tmp_path: Path, split: HeldOut) -> None:
    labels = [("portrait", "cubism")] * 20
    folder = few(tmp_path / "pictures", labels)
    prepare(folder, tmp_path / "common", tiny_preparation(), Taxonomy.load(), overwrite=False)
    (chosen,) = [row["source"] for row in table(tmp_path / "common" / "labels.csv") if row["split"] == split]
    labels[int(chosen.removeprefix("pictures/").removesuffix(".png"))] = ("portrait", "fauvism")
    rare = few(tmp_path / "pictures", labels)
    report = prepare(rare, tmp_path / "rare", tiny_preparation(), Taxonomy.load(), overwrite=False)
    assert report.description.vocabulary.styles == {"cubism": 18, "fauvism": 1}
    assert report.description.paintings == {"train": 19, "validation": 1, "test": 1} | {split: 0}
    assert report.remarks == (
        f"no pictures were held out for {split}: that takes 11 or more of one genre; "
        f"you can train on this dataset, but not measure on {split}",
    )


def test_a_style_that_test_and_validation_alone_would_hold_keeps_its_test_painting_and_is_learnt_by_the_other(
    tmp_path: Path,
) -> None:
    labels = [("portrait", "cubism")] * 20
    prepare(
        few(tmp_path / "pictures", labels), tmp_path / "common", tiny_preparation(), Taxonomy.load(), overwrite=False
    )
    held_out = {
        row["source"]: row["split"] for row in table(tmp_path / "common" / "labels.csv") if row["split"] != "train"
    }
    for source in held_out:
        labels[int(Path(source).stem)] = ("portrait", "fauvism")
    report = prepare(
        few(tmp_path / "pictures", labels), tmp_path / "rare", tiny_preparation(), Taxonomy.load(), overwrite=False
    )
    splits = {row["source"]: row["split"] for row in table(tmp_path / "rare" / "labels.csv")}
    assert {splits[source] for source, split in held_out.items() if split == "test"} == {"test"}
    assert {splits[source] for source, split in held_out.items() if split == "validation"} == {"train"}
    assert report.description.vocabulary.styles == {"cubism": 18, "fauvism": 1}


def test_test_paintings_are_the_first_of_their_genre_by_content_and_validation_the_next(dataset_folder: Path) -> None:
    # So the test paintings are those of before there was a validation split, and older weights have not seen them.
    rows = table(dataset_folder / "labels.csv")
    for genre in GENRES:
        by_content = sorted((row for row in rows if row["genre"] == genre), key=lambda row: row["sha256"])
        assert [row["split"] for row in by_content] == ["test", "validation"] + ["train"] * 20


def test_too_few_pictures_to_hold_any_out_are_all_trained_on_and_that_is_said(tmp_path: Path) -> None:
    source = few(tmp_path / "pictures", [("portrait", "cubism"), ("landscape", "cubism")] * 10)
    report = prepare(source, tmp_path / "data", tiny_preparation(), Taxonomy.load(), overwrite=False)
    assert report.description.paintings == {"train": 20, "validation": 0, "test": 0}
    assert report.remarks == (
        "no pictures were held out for validation and test: that takes 11 or more of one genre; "
        "you can train on this dataset, but not measure on validation and test",
    )


def test_a_genre_that_the_test_split_alone_would_hold_is_left_to_training(tmp_path: Path) -> None:
    pictures = {f"{number}.png": random_picture(number, 64, 64) for number in range(1, 21)}
    labels = dict.fromkeys(pictures, ("portrait", "cubism"))
    source = LabelsTable(FolderFiles(write_collection(tmp_path / "pictures", pictures, labels)))
    prepare(source, tmp_path / "common", tiny_preparation(), Taxonomy.load(), overwrite=False)
    (chosen,) = [row["source"] for row in table(tmp_path / "common" / "labels.csv") if row["split"] == "test"]
    picture = pictures[chosen.removeprefix("pictures/")]
    # A near-duplicate goes where the first of its group goes, whatever its own genre.
    pictures["copy.png"], labels["copy.png"] = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT), ("marina", "cubism")
    both = LabelsTable(FolderFiles(write_collection(tmp_path / "both", pictures, labels)))
    settings = tiny_preparation(keep_duplicates=True)
    report = prepare(both, tmp_path / "data", settings, Taxonomy.load(), overwrite=False)
    assert report.duplicates == 1
    assert report.description.vocabulary.genres == {"marina": 1, "portrait": 19}
    splits = report.description.paintings
    assert splits == {"train": 20, "validation": 1, "test": 0}
    assert len(PaintingDataset(tmp_path / "data").split("train", 64)) == 20


def test_rare_labels_become_unlabelled_and_are_reported(tmp_path: Path) -> None:
    source = few(tmp_path / "pictures", [("portrait", "cubism")] * 3 + [("nude", "spaceship")])
    report = prepare(source, tmp_path / "data", tiny_preparation(min_count=2), Taxonomy.load(), overwrite=False)
    assert list(report.description.vocabulary.genres) == ["portrait"]
    assert [row["genre"] for row in table(tmp_path / "data" / "labels.csv")] == ["portrait"] * 3 + [""]
    assert any("nude" in line and "too few" in line for line in report.genres.table())
    assert any("spaceship" in line and "unknown" in line for line in report.styles.table())


def test_labels_that_are_not_known_are_lost_and_counted_or_kept_under_their_own_names(tmp_path: Path) -> None:
    labels = [("portrait", "Art Brut"), ("Spaceship", "Art_Brut"), ("any", "cubism"), ("portrait", "rare")]
    source = few(tmp_path / "pictures", labels)
    lost, kept = (
        prepare(source, tmp_path / f"{keep}", tiny_preparation(keep_unknown=keep), Taxonomy.load(), overwrite=False)
        for keep in (False, True)
    )
    assert lost.remarks[:1] == (
        "4 pictures lost their genre or style, which the taxonomy does not know; add it to your own --taxonomy, "
        "or keep such labels with --keep-unknown",
    )
    assert (lost.description.vocabulary.genres, lost.description.vocabulary.styles) == ({"portrait": 2}, {"cubism": 1})
    assert kept.remarks[:1] == (
        "1 pictures lost their genre or style, which cannot be requested by name; "
        "add it as an alias in your own --taxonomy",
    )
    vocabulary = PaintingDataset(tmp_path / "True").vocabulary
    assert vocabulary.genres == {"portrait": 2, "spaceship": 1}
    assert vocabulary.styles == {"art-brut": 2, "cubism": 1, "rare": 1}
    assert vocabulary.style_spelling("Art Brut") == "art-brut"
    rare = prepare(
        source, tmp_path / "rare", tiny_preparation(keep_unknown=True, min_count=2), Taxonomy.load(), overwrite=False
    )
    assert rare.description.vocabulary.styles == {"art-brut": 2}


def test_two_workers_make_the_folder_that_one_makes(collection: Path, dataset_folder: Path, tmp_path: Path) -> None:
    settings = tiny_preparation(sizes=(64, 128), workers=2)
    prepare(LabelsTable(FolderFiles(collection)), tmp_path / "data", settings, Taxonomy.load(), overwrite=False)
    for path in dataset_folder.iterdir():
        assert (tmp_path / "data" / path.name).read_bytes() == path.read_bytes()


def test_a_folder_that_exists_is_refused_and_untouched(collection: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "letter.txt").write_text("dear")
    (tmp_path / "file").write_text("dear")
    before = everything(tmp_path)
    for out, overwrite, message in (
        ("data", False, "data already exists; give another folder with --out, or replace it with --overwrite"),
        ("data", True, "letter.txt is not part of a dataset; move it or give another folder with --out"),
        ("file", True, "file is not part of a dataset"),
    ):
        with pytest.raises(UserError) as caught:
            prepare(
                LabelsTable(FolderFiles(collection)),
                tmp_path / out,
                tiny_preparation(),
                Taxonomy.load(),
                overwrite=overwrite,
            )
        assert message in str(caught.value)
    assert everything(tmp_path) == before


def test_a_dataset_is_replaced_where_that_is_asked_for_even_from_inside(
    dataset_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(dataset_folder, tmp_path / "data")
    source = few(tmp_path / "pictures", [("portrait", "cubism")] * 2)
    monkeypatch.chdir(tmp_path / "data")
    prepare(source, Path(), tiny_preparation(), Taxonomy.load(), overwrite=True)
    assert np.load(tmp_path / "data" / "images-64.npy").shape == (2, 64, 64, 3)
    assert not (tmp_path / "data" / "images-128.npy").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"data", "pictures"}


def test_what_is_not_of_a_dataset_is_not_replaced_with_it(dataset_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset_folder, tmp_path / "data")
    (tmp_path / "data" / "features").mkdir()
    source = few(tmp_path / "data" / "pictures", [("portrait", "cubism")] * 2)
    before = everything(tmp_path)
    with pytest.raises(UserError, match=r"data/pictures is not part of a dataset; move it"):
        prepare(source, tmp_path / "data", tiny_preparation(), Taxonomy.load(), overwrite=True)
    assert everything(tmp_path) == before


def test_what_appears_while_a_dataset_is_made_is_not_replaced(tmp_path: Path) -> None:
    files = few(tmp_path / "pictures", [("portrait", "cubism")] * 2)

    class Meanwhile:
        name = "meanwhile"

        def listing(self) -> Listing:
            (tmp_path / "data").mkdir()
            (tmp_path / "data" / "letter.txt").write_text("dear")
            return files.listing()

    with pytest.raises(
        UserError, match=r"cannot write .*data: another program has written there in the meantime; nothing"
    ):
        prepare(Meanwhile(), tmp_path / "data", tiny_preparation(), Taxonomy.load(), overwrite=False)
    assert (tmp_path / "data" / "letter.txt").read_text() == "dear"
    assert {path.name for path in tmp_path.iterdir()} == {"data", "pictures"}


@dataclass
class Failing:
    """A source whose second picture fails in a way that no one foresaw."""

    how: str
    name: str = "failing"

    def listing(self) -> Listing:
        records = [Record(str(number), "portrait", "cubism") for number in range(3)]
        return Listing([Entry(record, partial(_fail, self.how, record.name)) for record in records], 3)


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
    report = prepare(Failing("memory"), tmp_path / "data", tiny_preparation(), Taxonomy.load(), overwrite=False)
    assert report.rejected == (("1", "needs more memory than is free; try fewer --workers"),)


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
        prepare(Failing(how), tmp_path / "data", tiny_preparation(), Taxonomy.load(), overwrite=True)
    assert everything(tmp_path) == before
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


@pytest.mark.parametrize(
    ("source", "workers", "message"),
    [
        (PaintedPictures(1, seed=0), 0, "--workers 0: at least 1 process must decode pictures; give 1 or more"),
        (LabelsTable(FolderFiles(Path("nowhere"))), 1, "nowhere has no labels.csv"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    tmp_path: Path, source: Source, workers: int, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        prepare(source, tmp_path / "data", tiny_preparation(workers=workers), Taxonomy.load(), overwrite=False)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(collection: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("dear")
    with pytest.raises(UserError, match=r"^cannot write .*file/data: Not a directory; nothing was changed$"):
        prepare(
            LabelsTable(FolderFiles(collection)),
            tmp_path / "file" / "data",
            tiny_preparation(),
            Taxonomy.load(),
            overwrite=False,
        )
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_source_of_which_nothing_can_be_used_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    source = few(tmp_path / "pictures", [("portrait", "cubism")] * 2)
    with pytest.raises(
        UserError, match=r"^pictures: none of its 2 pictures can be used; the first: 64x64 pixels, smaller"
    ):
        prepare(source, tmp_path / "data", tiny_preparation(sizes=(128,)), Taxonomy.load(), overwrite=False)
    assert list(tmp_path.iterdir()) == [tmp_path / "pictures"]
