"""Read splits and labels from folder names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from common.data.dataset import SplitName
from common.errors import UserError
from common.preparing.sources.files import Files, Listing, Record, first_of, pictures_among, require_pictures

Level = Literal["genre", "style", "-"]
"""What the folders of one level are: genres, styles, or nothing that is read."""
SPLIT_NAMES: dict[SplitName, str] = {
    "train": "train|training",
    "validation": "val|valid|validation|dev|eval",
    "test": "test|testing|hold_?out|held_?out",
}
"""Patterns of the names that each split has elsewhere. `train_images`, `images_train` and `train2017` are such, too."""
_THINGS = "data|data_?set|set|split|images?|imgs?|pictures?|photos?|paintings?"


def folder_levels(text: str) -> tuple[Level, ...]:
    """Return the levels of `genre`, `genre/style`, `-/style` and the like. Raises UserError if it is none of these."""
    names = [name.strip() for name in text.split("/")]
    labels = [name for name in names if name != "-"]
    if not labels or len(set(labels)) < len(labels) or not set(labels) <= {"genre", "style"}:
        known = "genre, style, genre/style, style/genre, and - for folders that mean nothing, as in -/style"
        raise UserError(
            f"--folders {text}: give what the folders are, outermost first: {known}; --help lists the options"
        )
    return tuple(name for name in names)  # type: ignore[misc]


def split_of(name: str) -> SplitName | None:
    """Return the split that a folder's or file's name stands for, None for another name."""
    plain = re.sub(r"[\s_-]+", "_", name.strip().lower())
    for split, names in SPLIT_NAMES.items():
        if re.fullmatch(rf"(?:(?:{_THINGS})_?)?(?:{names})(?:_?(?:{_THINGS}))?(?:_?\d+)?", plain):
            return split
    return None


def class_folders(files: Files, kinds: str) -> Listing:
    """List the pictures in folders, labelled by their folders' names; `kinds` is what `folder_levels` reads.

    Splits that came with the pictures are kept. If an archive has a single top-level folder, the folders inside it are
    the classes; if it holds pictures and no folders, it is the only class.
    """
    levels = folder_levels(kinds)
    names, remarks = pictures_among(files.names())
    require_pictures(names, files)
    paths = folders_of(names)
    if files.top and not any(paths.values()):
        paths = {"": (files.top,)}
    splits, folders, divided = split_folders({folder: path for folder, path in paths.items() if path})
    folders, around = _without_the_folder_around(folders, kinds, files.name)
    classes = {folder: path for folder, path in folders.items() if path}
    if not classes:
        wanted = " and each ".join(level for level in levels if level != "-")
        where = f"the splits of {files.name} have" if splits else f"{files.name} has"
        raise UserError(f"{where} no folders with files in them; --folders needs one folder for each {wanted}")
    labels = {
        folder: {level: name for level, name in zip(levels, path, strict=False) if level != "-"}
        for folder, path in classes.items()
    }
    records = (
        (name, Record(name, split=splits.get(folder, ""), **labels[folder]))
        for name in names
        if (folder := folder_of(name)) in labels
    )
    loose = [name for name in names if folder_of(name) not in classes]
    short = [name for name in names if len(classes.get(folder_of(name), levels)) < len(levels)]
    inner = sorted({path[len(levels)] for path in classes.values() if len(path) > len(levels)})
    said = {
        f"{len(loose)} files outside the class folders left out: {first_of(loose)}": loose,
        f"{len(short)} pictures lie in fewer folders than --folders names: {first_of(short)}": short,
        f"{len(inner)} folders inside the class folders were not read as labels: {first_of(inner)} "
        "(--folders genre/style reads two levels)": inner,
    }
    return files.listing(records, (*remarks, *divided, *around, *(remark for remark, names in said.items() if names)))


def _without_the_folder_around(
    folders: dict[str, tuple[str, ...]], kinds: str, top: str
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Leave out a folder around all others that is called `images` or the like, or as the source is; and say so."""
    inside = {path for path in folders.values() if path}
    around = {path[0] for path in inside}
    name = next(iter(around), "")
    means_nothing = re.fullmatch(rf"{_THINGS}|all|raw|jpe?gs?|pngs?", name.lower()) or name.lower() == top.lower()
    if len(around) != 1 or not means_nothing or min(map(len, inside)) < 2 + kinds.count("/"):
        return folders, ()
    remark = f"the folder {name}, which holds all others, was not read as a label (--folders {kinds}/- reads it)"
    return {name: path[1:] for name, path in folders.items()}, (remark,)


def folder_of(name: str) -> str:
    """Return the path of a file's folder, with a `/` at its end; blank at the top level."""
    return name[: name.rfind("/") + 1]


def folders_of(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Map the path of each folder that has some of the files in it to the names on its way, outermost first."""
    return {folder: tuple(folder.split("/")[:-1]) for folder in dict.fromkeys(map(folder_of, names))}


def split_folders(
    paths: dict[str, tuple[str, ...]],
) -> tuple[dict[str, SplitName], dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Find the level of folders that are splits, if there is one, in what `folders_of` returns.

    Return the split of each folder, the other names on its way, and a remark. Folders beside the splits have neither.
    """
    depths = range(max(map(len, paths.values()), default=0))
    level = next(
        (depth for depth in depths if _is_split_level({path[depth : depth + 1] for path in paths.values()})), None
    )
    if level is None:
        return {}, paths, ()
    splits, folders = {}, {}
    # A single folder around the splits is no class; several are, as in `Baroque/train`.
    outer = level if len({path[:level] for path in paths.values()}) > 1 else 0
    for name, path in paths.items():
        if len(path) > level and (split := split_of(path[level])):
            splits[name] = split
            folders[name] = path[:outer] + path[level + 1 :]
    given = list(dict.fromkeys(path[level] for name, path in paths.items() if name in splits))
    missing = "" if "test" in splits.values() else "; none is for test, so a part of the training split becomes that"
    return splits, folders, (f"the folders {first_of(given, 6)} are read as splits, and kept as such{missing}",)


def _is_split_level(names: Iterable[tuple[str, ...]]) -> bool:
    """Return True if the folders of a level are splits: all of them, or a training split with another one."""
    found = [split_of(name[0]) for name in names if name]
    return bool(found) and (None not in found or {"train"} < set(found) - {None})
