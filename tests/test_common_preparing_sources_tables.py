"""Tables as spreadsheets, Hugging Face, StyleGAN and COCO write them."""

from __future__ import annotations

import json

import pytest

from common.errors import UserError
from common.preparing.sources.tables import Row, class_names, read_table

ROWS = [Row("a.png", genre="portrait"), Row("b.png", genre="nude")]
OBJECTS = [{"file_name": "a.png", "genre": "portrait"}, {"file_name": "b.png", "genre": "nude"}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", "file,genre\na.png,portrait\nb.png,nude\n,\n,,,\n"),
        ("labels.csv", "sep=;\r\nfile;genre\r\na.png;portrait\r\nb.png;nude\r\n"),
        ("labels.csv", "\n# made by me\n\nfile,genre\na.png,portrait\n\nb.png,nude,,,\n"),
        ("labels.csv", "Image Path|Genre\na.png|portrait\nb.png|nude\n"),
        ("labels.tsv", "filename\tgenre\na.png\tportrait\nb.png\tnude\n"),
        ("metadata.jsonl", "\n".join(map(json.dumps, OBJECTS)) + "\n"),
        ("labels.json", json.dumps(OBJECTS)),
        ("labels.csv", '"sep=\t"\r\nFile Name\tgenre\r\na.png\tportrait\r\nb.png\tnude\r\n'),
        ("labels.json", json.dumps({"info": {}, "data": OBJECTS})),
        ("labels.json", json.dumps({row["file_name"]: {"genre": row["genre"]} for row in OBJECTS})),
    ],
    ids=[
        "blank rows",
        "sep",
        "comment",
        "bars",
        "tabs",
        "lines",
        "objects",
        "sep in quotes",
        "objects inside",
        "by name",
    ],
)
def test_one_table_in_many_forms(name: str, text: str) -> None:
    assert list(read_table(text, name).rows) == ROWS


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ({"labels": [["a.png", 1], ["b.png", 0]]}, [("a.png", "1"), ("b.png", "0")]),
        ({"labels": [["a.png", [0, 1]], ["b.png", [0.5, 0.5]]]}, [("a.png", "1"), ("b.png", "0|1")]),
        ([["a.png", "nude"], ["b.png", "marina"]], [("a.png", "nude"), ("b.png", "marina")]),
        ({"a.png": "nude", "b.png": "marina"}, [("a.png", "nude"), ("b.png", "marina")]),
        ([{"image": "a.png", "tags": ["nude", "marina"]}], [("a.png", "nude|marina")]),
        (
            {
                "images": [{"id": 7, "file_name": "a.png"}, {"id": 8, "file_name": "b.png"}],
                "annotations": [{"image_id": 7, "category_id": 2}] * 2 + [{"image_id": 7, "category_id": 1}],
                "categories": [{"id": 1, "name": "nude"}, {"id": 2, "name": "marina"}],
            },
            [("a.png", "marina|nude"), ("b.png", "")],
        ),
    ],
    ids=["StyleGAN", "its vectors", "pairs", "names", "lists", "COCO"],
)
def test_labels_of_other_programs(value: object, rows: list[tuple[str, str]]) -> None:
    assert [(row.file, row.label) for row in read_table(json.dumps(value), "x.json").rows] == rows


def test_the_exact_name_of_a_column_comes_before_its_other_names() -> None:
    (row,) = read_table("image,file,Class,date\na,b.png,nude,1900\n", "labels.csv").rows
    assert row == Row("b.png", label="nude", year="1900")


def test_labels_are_rather_read_from_names_than_from_numbers() -> None:
    (row,) = read_table("file,class,class_name\na.png,3,nude\n", "labels.csv").rows
    assert row == Row("a.png", label="nude")


def test_a_list_that_a_program_wrote_into_a_cell_is_several_labels() -> None:
    text = "file,label\na.png,\"['nude', 'portrait']\"\nb.png,[nude\n"
    assert [row.label for row in read_table(text, "labels.csv").rows] == ["nude|portrait", "[nude"]


def test_columns_that_are_not_read_are_named() -> None:
    assert read_table("file,genre,owner,,Size\na.png,nude,me,,1\n", "labels.csv").remarks == (
        "2 columns of labels.csv are not read: owner, Size",
    )


def test_stylegans_table_without_labels_is_refused_as_such() -> None:
    with pytest.raises(UserError, match=r"dataset\.json: its labels are null; write"):
        read_table('{"labels": null}', "a/dataset.json")


def test_rows_that_name_no_picture_are_counted_with_their_lines() -> None:
    table = read_table("file,genre\na.png,nude\n,nude\n\n ,marina\n", "labels.csv")
    assert len(table.rows) == 1
    assert table.remarks == ("2 rows of labels.csv name no picture and were left out: line 3, 5",)


@pytest.mark.parametrize("text", ["{", "[]", "[1, 2]", '{"version": 2}'])
def test_json_that_is_no_table_is_refused_by_its_place(text: str) -> None:
    with pytest.raises(UserError, match=r"^labels\.json[: ]"):
        read_table(text, "labels.json")


def test_names_of_classes_stand_a_line_each_with_or_without_their_numbers() -> None:
    for text in ("nude\n\nmarina\n", "0 nude\n1: marina\n", '["nude", "marina"]'):
        assert list(class_names(text)) == ["nude", "marina"]
    with pytest.raises(UserError, match=r"is no JSON: .*; write a name on each line"):
        list(class_names("[nude"))
