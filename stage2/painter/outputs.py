"""Where a command writes: a folder, one file, or the standard output. `stage2.painter.commands` paints into it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import UserError
from common.picture_files import write_picture
from stage2.painter.requests import Request, slug

STANDARD_OUTPUT = "-"

OTHER_FILES = frozenset({".png", ".webp", ".jpg", ".gif", ".mp4", ".webm", ".bmp", ".tif", ".tiff", ".pdf", ".svg"})
"""Suffixes with which `--out` names a file, not a folder, even where no such file can be written."""


@dataclass(frozen=True)
class Output:
    """The meaning of `--out`, `--format`, `--by-label` and `--overwrite` together."""

    out: str
    """A folder, a file with the suffix of a format, or `-` for the standard output."""
    format: str
    suffixes: Mapping[str, str]
    """The possible formats, each with its suffix."""
    overwrite: bool = False
    by_label: bool = False
    """Put each picture into a folder `genre/style` instead of all into one folder."""

    @classmethod
    def of(
        cls, out: str, format: str | None, suffixes: Mapping[str, str], overwrite: bool = False, by_label: bool = False
    ) -> Output:
        """Take the format of the suffix of `out` if none is given, or else the first of `suffixes`.

        Raises UserError if the two do not match, or if `out` is another kind of file.
        """
        suffix = _suffix(out)
        named = {value: name for name, value in suffixes.items()}.get(suffix)
        if named is None and (Path(out).is_file() or (suffix in OTHER_FILES and not Path(out).is_dir())):
            known = ", ".join(suffixes.values())
            raise UserError(f"--out {out}: no such file can be written here; give a folder or a file ending in {known}")
        if format is not None and named not in (None, format):
            raise UserError(f"--out {out} does not match --format {format}; leave one of them out")
        return cls(out, format or named or next(iter(suffixes)), suffixes, overwrite, by_label)

    @property
    def is_one_file(self) -> bool:
        """True if the output is a single file or the standard output."""
        return self.out == STANDARD_OUTPUT or _suffix(self.out) in self.suffixes.values()

    @property
    def folder(self) -> Path:
        """The folder of the files."""
        return Path(self.out).parent if self.is_one_file else Path(self.out)

    def path(self, request: Request, usual_resolution: int) -> Path:
        """Return the path of a picture among many. Its name holds its resolution if that is not the usual one."""
        folder = self.folder / slug(request.genre) / slug(request.style) if self.by_label else self.folder
        size = "" if request.resolution == usual_resolution else f"_{request.resolution}px"
        return folder / f"{request.stem}{size}{self.suffixes[self.format]}"

    def targets(self, names: Sequence[str]) -> list[Path]:
        """Return a path for each name.

        Raises UserError if one of them exists already, or if `out` is a single file for several names.
        """
        if self.is_one_file:
            if len(names) > 1:
                raise UserError(f"--out {self.out} is one file, but there are {len(names)} pictures; give a folder")
            paths = [Path(self.out)]
        else:
            paths = [self.folder / f"{name}{self.suffixes[self.format]}" for name in names]
        existing = [path for path in paths if path.exists()] if self.out != STANDARD_OUTPUT else []
        if existing and not self.overwrite:
            raise UserError(f"{existing[0]} exists; choose another --out, or replace it with --overwrite")
        if self.folder.exists() and not self.folder.is_dir():
            raise UserError(f"cannot write to {self.folder}: it is not a folder; choose another --out")
        return paths

    def write(self, target: Path, content: bytes) -> None:
        """Write a file and print its path, or write only its bytes to the standard output."""
        if self.out == STANDARD_OUTPUT:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        else:
            write_picture(target, content)
            print(target)


def _suffix(out: str) -> str:
    return Path(out).suffix.lower().replace(".jpeg", ".jpg")
