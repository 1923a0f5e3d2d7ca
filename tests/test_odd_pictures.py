"""Pictures as they come: what `prepare` makes of each odd file, in one table.

A reason means that the file is refused and rejected.csv says so; a colour, that its picture is taken and looks so.
"""

from __future__ import annotations

import csv
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin
from tiny_data import prepared, random_picture

from common.preparing.sources.opening import open_source

Colour = tuple[int, int, int]
Outcome = str | Colour
RED, GREY, WHITE = (230, 20, 20), (120, 120, 120), (255, 255, 255)


def picture(mode: str = "RGB", size: tuple[int, int] = (80, 72), colour: object = RED) -> Image.Image:
    return Image.new(mode, size, colour)  # type: ignore[arg-type]


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noisy(kind: str) -> bytes:
    """A picture whose pixels take many bytes, for cutting."""
    return encoded(Image.effect_noise((96, 96), 90).convert("RGB"), kind)


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG that claims a size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def turned(orientation: int, **options: object) -> bytes:
    """A picture in which the camera says how it was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture(), "JPEG", exif=exif, quality=95, **options)


def spoiled(data: bytes, place: int) -> bytes:
    return data[:place] + b"\xff\x00\xff\x00" + data[place + 4 :]


def with_profile(profile: bytes) -> bytes:
    return encoded(picture(), icc_profile=profile)


def with_long_text() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "x" * 80_000_000, zip=True)
    return encoded(picture(), pnginfo=text)


def animated(kind: str) -> bytes:
    frames = [picture(), picture(colour=(20, 20, 230))]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
UNKNOWN = "is not a picture in a supported format"
BROKEN = "cannot be decoded: "
TABLE: dict[str, tuple[Callable[[], bytes], Outcome]] = {
    "empty.png": (lambda: b"", "is empty: 0 bytes"),
    "text.jpg": (lambda: b"a letter", UNKNOWN),
    "page.jpg": (lambda: b"<!DOCTYPE html><title>404</title>", UNKNOWN),
    "program.png": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 80 80\n%%EOF\n", UNKNOWN),
    "archive.png": (lambda: b"PK\x05\x06" + bytes(18), UNKNOWN),
    "signature alone.png": (lambda: b"\x89PNG\r\n\x1a\n", UNKNOWN),
    "head alone.jpg": (lambda: noisy("JPEG")[:20], UNKNOWN),
    "cut.jpg": (lambda: noisy("JPEG")[:-2000], BROKEN),
    "cut.png": (lambda: noisy("PNG")[:-2000], BROKEN),
    "cut.webp": (lambda: noisy("WEBP")[:-2000], BROKEN),
    "spoiled.png": (lambda: spoiled(noisy("PNG"), 60), BROKEN),
    "nothing wide.png": (lambda: png_of(0, 80), UNKNOWN),
    "a bomb.png": (lambda: png_of(60_000, 60_000), "too large: 60000x60000 pixels take 13.4 GiB"),
    "too large.png": (lambda: png_of(17_000, 17_000), "too large: 17000x17000 pixels"),
    "a bomb of text.png": (with_long_text, BROKEN),
    "one pixel.png": (lambda: encoded(picture(size=(1, 1))), "1x1 pixels, smaller than 64 (see --enlarge)"),
    "small.png": (lambda: encoded(picture(size=(63, 90))), "63x90 pixels, smaller than 64 (see --enlarge)"),
    "wide.png": (lambda: encoded(picture(size=(300, 70))), "300x70 pixels, longer than 4 to 1 (see --max-aspect)"),
    "floating.tiff": (lambda: encoded(picture("F", colour=0.47), "TIFF"), GREY),
    "PLAIN.JPG": (lambda: encoded(picture(), "JPEG", quality=95), RED),
    "no ending": (lambda: encoded(picture()), RED),
    "Ünïcode 画.png": (lambda: encoded(picture()), RED),
    "two\nlines.png": (lambda: encoded(picture()), RED),
    "quote\",comma.png": (lambda: encoded(picture()), RED),
    "more after its end.jpg": (lambda: encoded(picture(), "JPEG", quality=95) + b"\x00" * 999, RED),
    "turned.jpg": (lambda: turned(6), RED),
    "turned out of range.jpg": (lambda: turned(99), RED),
    "bits.png": (lambda: encoded(picture("1", colour=1)), WHITE),
    "grey.png": (lambda: encoded(picture("L", colour=120)), GREY),
    "grey and transparent.png": (lambda: encoded(picture("LA", colour=(0, 0))), WHITE),
    "palette.png": (lambda: encoded(picture().convert("P")), RED),
    "palette and transparent.gif": (lambda: encoded(picture().convert("P"), "GIF", transparency=0), RED),
    "transparent.png": (lambda: encoded(picture("RGBA", colour=(*RED, 0))), WHITE),
    "cmyk.jpg": (lambda: encoded(picture("CMYK", colour=(25, 235, 235, 0)), "JPEG", quality=95), RED),
    "lab.tiff": (lambda: encoded(picture("LAB", colour=(128, 128, 128)), "TIFF"), GREY),
    "with its profile.png": (lambda: with_profile(SRGB), RED),
    "with a broken profile.png": (lambda: with_profile(b"no profile"), RED),
    "animated.gif": (lambda: animated("GIF"), RED),
    "many pages.tiff": (lambda: animated("TIFF"), RED),
    "photograph.jp2": (lambda: encoded(picture(), "JPEG2000"), RED),
    "photograph.avif": (lambda: encoded(picture(), "AVIF", quality=95), RED),
}  # fmt: skip
REFUSED_PLACES = {
    "folder/link out of it.png": "points outside the source folder",
    "folder/link to nothing.png": "is not a file",
    "folder/pipe.png": "is not a file",
    "folder/far too many bytes.png": "larger than 200 MiB",
    "zip/../out of it.png": "points outside the zip",
    "zip//from the root.png": "points outside the zip",
    "zip/encrypted.png": "cannot be read: ",
    "zip/spoiled.png": "cannot be read: ",
    "zip/far too many bytes.png": "larger than 200 MiB",
}


def outcome(source: Path, out: Path) -> tuple[dict[str, str], dict[str, Colour]]:
    """Refused files with their reasons; taken ones with their mean colours."""
    prepared(open_source(str(source), folders="genre"), out, keep_duplicates=True)
    with (out / "rejected.csv").open(newline="", encoding="utf-8") as file:
        refused = {row["file"]: row["reason"] for row in csv.DictReader(file)}
    with (out / "labels.csv").open(newline="", encoding="utf-8") as file:
        taken = [row["source"].partition("/")[2] for row in csv.DictReader(file)]
    means = np.load(out / "images-64.npy").reshape(len(taken), -1, 3).mean(axis=1)
    return refused, {name: tuple(mean) for name, mean in zip(taken, means.round().astype(int).tolist(), strict=True)}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, Colour]]:
    folder = tmp_path_factory.mktemp("odd") / "pictures"
    (folder / "portrait").mkdir(parents=True)
    for name, (make, _) in TABLE.items():
        (folder / "portrait" / name).write_bytes(make())
    refused, taken = outcome(folder, folder.with_name("data"))
    return (
        {name.removeprefix("portrait/"): reason for name, reason in refused.items()},
        {name.removeprefix("portrait/"): colour for name, colour in taken.items()},
    )


@pytest.mark.parametrize("name", TABLE)
def test_an_odd_file_is_taken_as_it_is_meant_or_refused_with_its_reason(
    name: str, outcomes: tuple[dict[str, str], dict[str, Colour]]
) -> None:
    refused, taken = outcomes
    expected = TABLE[name][1]
    assert (name in refused) != (name in taken)
    if isinstance(expected, str):
        assert expected in refused[name]
        assert "\n" not in refused[name]
    else:
        assert np.abs(np.subtract(taken[name], expected)).max() <= 12


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What was refused in a folder and in a zip that hold a picture each, and things that are no plain files."""
    base = tmp_path_factory.mktemp("places")
    (base / "outside.png").write_bytes(encoded(picture()))
    folder = base / "folder" / "portrait"
    folder.mkdir(parents=True)
    (folder / "good.png").write_bytes(encoded(picture()))
    (folder / "link out of it.png").symlink_to(base / "outside.png")
    (folder / "link to nothing.png").symlink_to(folder / "nothing.png")
    os.mkfifo(folder / "pipe.png")
    with (folder / "far too many bytes.png").open("wb") as file:
        file.truncate(201 * 2**20)
    refused, taken = outcome(base / "folder", base / "data-folder")
    assert list(taken) == ["portrait/good.png"]
    found = {f"folder/{name.removeprefix('portrait/')}": reason for name, reason in refused.items()}

    archive = base / "zip.zip"
    good, spoilt = encoded(picture()), noisy("PNG")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("portrait/good.png", good)
        file.writestr("portrait/encrypted.png", good)
        file.writestr("portrait/spoiled.png", spoilt)
        file.writestr("../out of it.png", good)
        file.writestr("/from the root.png", good)
        with file.open(zipfile.ZipInfo("portrait/far too many bytes.png"), "w") as entry:
            entry.write(b"\0" * 16)
    data = bytearray(archive.read_bytes())
    place = data.index(spoilt) + 100
    data[place : place + 4] = b"\1\2\3\4"
    for signature, flags, name_place, size_place in ((b"PK\1\2", 8, 46, 24), (b"PK\3\4", 6, 30, None)):
        _change_entry(data, signature, flags, name_place, size_place)
    archive.write_bytes(data)
    refused, taken = outcome(archive, base / "data-zip")
    assert list(taken) == ["portrait/good.png"]
    return found | {f"zip/{name.removeprefix('portrait/')}": reason for name, reason in refused.items()}


def _change_entry(data: bytearray, signature: bytes, flags: int, name_place: int, size_place: int | None) -> None:
    """Mark one entry as encrypted and let another claim 201 MiB."""
    start = data.find(signature)
    while start >= 0:
        if data[start + name_place :].startswith(b"portrait/encrypted"):
            data[start + flags] |= 1
        if size_place and data[start + name_place :].startswith(b"portrait/far"):
            data[start + size_place : start + size_place + 4] = struct.pack("<I", 201 * 2**20)
        start = data.find(signature, start + 4)


@pytest.mark.parametrize("place", REFUSED_PLACES)
def test_what_is_no_plain_file_of_the_source_is_refused(place: str, places: dict[str, str]) -> None:
    assert places.keys() == REFUSED_PLACES.keys()
    assert REFUSED_PLACES[place] in places[place]


def test_spoiled_entries_of_a_listed_zip_are_refused_by_name_and_the_rest_is_labelled(tmp_path: Path) -> None:
    folders = ("Baroque", "Cubism")
    names = [f"{folders[number % 2]}/some-painter_work-{number}-1901.jpg" for number in range(12)]
    with zipfile.ZipFile(tmp_path / "wikiart.zip", "w") as file:
        for number, name in enumerate(names):
            file.writestr(name, encoded(random_picture(number), "JPEG"))
    with zipfile.ZipFile(tmp_path / "wikiart.zip") as file:
        first, second = (file.getinfo(names[number]).header_offset for number in (3, 7))
    data = bytearray((tmp_path / "wikiart.zip").read_bytes())
    data[first : first + 4] = b"XXXX"
    data[second + 30 + len(names[7]) + 300] ^= 0xFF
    (tmp_path / "wikiart.zip").write_bytes(data)
    (tmp_path / "lists").mkdir()
    for kind, label in (("genre", "portrait"), ("style", "Cubism")):
        (tmp_path / "lists" / f"{kind}_class.txt").write_text(f"0 {label}\n")
        (tmp_path / "lists" / f"{kind}_train.csv").write_text("".join(f"{name},0\n" for name in names[:6]))
        (tmp_path / "lists" / f"{kind}_val.csv").write_text("".join(f"{name},0\n" for name in names[6:]))
    source = open_source(str(tmp_path / "wikiart.zip"), wikiart_lists=tmp_path / "lists")
    description = prepared(source, tmp_path / "data").description
    with (tmp_path / "data" / "rejected.csv").open(newline="", encoding="utf-8") as file:
        refused = {row["file"]: row["reason"] for row in csv.DictReader(file)}
    assert {name: reason[:15] for name, reason in refused.items()} == dict.fromkeys(
        (names[3], names[7]), "cannot be read:"
    )
    assert sum(description.paintings.values()) == 10
    assert description.vocabulary.genres == {"portrait": description.paintings["train"]}
