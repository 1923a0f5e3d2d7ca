"""Where a command writes its pictures: a folder, one file, or the standard output. Used by `scripts/generate.py`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import UserError
from common.picture_files import write_whole

STANDARD_OUTPUT = "-"

OF_PICTURES = frozenset({".png", ".webp", ".jpg", ".gif", ".mp4", ".webm", ".bmp", ".tif", ".tiff", ".pdf", ".svg"})
"""With one of these suffixes, `--out` names a file, not a folder."""


@dataclass(frozen=True)
class Output:
    """The meaning of `--out`, `--format` and `--overwrite` together."""

    out: str
    """A folder, a file with the suffix of a format, or `-` for the standard output."""
    format: str
    suffixes: Mapping[str, str]
    """The possible formats, each with its suffix."""
    overwrite: bool

    @classmethod
    def of(
        cls, out: str, format: str | None, usual_format: str, suffixes: Mapping[str, str], *, overwrite: bool
    ) -> Output:
        """Raise UserError if the format is not possible here, or does not match the suffix of `out`."""
        suffix = Path(out).suffix.lower().replace(".jpeg", ".jpg")
        if suffix in OF_PICTURES and suffix not in suffixes.values() and not Path(out).is_dir():
            raise UserError(
                f"--out {out}: {suffix} files cannot be written here; "
                f"give a folder or a file ending in {', '.join(suffixes.values())}"
            )
        if Path(out).is_file() and out != STANDARD_OUTPUT and suffix not in suffixes.values():
            raise UserError(f"--out {out} is a file; give a folder or a file ending in {', '.join(suffixes.values())}")
        named = {value: name for name, value in suffixes.items()}.get(suffix)
        if format is not None and format not in suffixes:
            raise UserError(f"--format {format} is not possible here; choose {', '.join(suffixes)}")
        if format is not None and named is not None and named != format:
            raise UserError(f"--out {out} does not match --format {format}; leave one of them out")
        return cls(out, format or named or usual_format, suffixes, overwrite)

    @property
    def is_one_file(self) -> bool:
        """True if the output is a single file or the standard output."""
        suffix = Path(self.out).suffix.lower().replace(".jpeg", ".jpg")
        return self.out == STANDARD_OUTPUT or suffix in self.suffixes.values()

    @property
    def folder(self) -> Path:
        """The folder of the files."""
        return Path(self.out).parent if self.is_one_file else Path(self.out)

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
            write_whole(target, content)
            print(target)
