"""Where a command's files go: a folder, one file, or the standard output. `scripts/generate.py` writes here."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import UserError
from common.picture_files import write_whole

STANDARD_OUTPUT = "-"

OF_PICTURES = frozenset({".png", ".webp", ".jpg", ".gif", ".mp4", ".webm", ".bmp", ".tif", ".tiff", ".pdf", ".svg"})
"""Suffixes with which a file is meant, never a folder."""


@dataclass(frozen=True)
class Output:
    """What `--out`, `--format` and `--overwrite` mean together."""

    out: str
    """A folder, a file with the suffix of a format, or `-`."""
    format: str
    suffixes: Mapping[str, str]
    """Of the formats that are possible here."""
    overwrite: bool

    @classmethod
    def of(
        cls, out: str, format: str | None, usual_format: str, suffixes: Mapping[str, str], *, overwrite: bool
    ) -> Output:
        """Raises UserError for a format that is not possible here, or is another than the file's."""
        suffix = Path(out).suffix.lower().replace(".jpeg", ".jpg")
        if suffix in OF_PICTURES and suffix not in suffixes.values() and not Path(out).is_dir():
            raise UserError(
                f"--out {out}: nothing here is written as {suffix}; name a {', '.join(suffixes.values())}, or a folder"
            )
        if Path(out).is_file() and out != STANDARD_OUTPUT and suffix not in suffixes.values():
            raise UserError(f"--out {out} is a file; give a folder, or the name of a {', '.join(suffixes.values())}")
        named = {value: name for name, value in suffixes.items()}.get(suffix)
        if format is not None and format not in suffixes:
            raise UserError(f"--format {format} is not for this; choose {', '.join(suffixes)}")
        if format is not None and named is not None and named != format:
            raise UserError(f"--out {out} is no name for --format {format}; leave one of them out")
        return cls(out, format or named or usual_format, suffixes, overwrite)

    @property
    def is_one_file(self) -> bool:
        """Whether there is room for one file only."""
        suffix = Path(self.out).suffix.lower().replace(".jpeg", ".jpg")
        return self.out == STANDARD_OUTPUT or suffix in self.suffixes.values()

    @property
    def folder(self) -> Path:
        """Where files go."""
        return Path(self.out).parent if self.is_one_file else Path(self.out)

    def targets(self, names: Sequence[str]) -> list[Path]:
        """The paths of files of those names. Raises UserError where one stands already, or only one has room."""
        if self.is_one_file:
            if len(names) > 1:
                raise UserError(f"--out {self.out} is one file, and {len(names)} are asked for; give a folder")
            paths = [Path(self.out)]
        else:
            paths = [self.folder / f"{name}{self.suffixes[self.format]}" for name in names]
        existing = [path for path in paths if path.exists()] if self.out != STANDARD_OUTPUT else []
        if existing and not self.overwrite:
            raise UserError(f"{existing[0]} exists; give another --out, or replace it with --overwrite")
        if self.folder.exists() and not self.folder.is_dir():
            raise UserError(f"cannot write to {self.folder}, which is no folder; give another --out")
        return paths

    def write(self, target: Path, content: bytes) -> None:
        """Write a file and say its path; to the standard output go its bytes alone."""
        if self.out == STANDARD_OUTPUT:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        else:
            write_whole(target, content)
            print(target)
