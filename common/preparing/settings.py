"""The user's choices for a dataset, which every step of its preparation reads."""

from __future__ import annotations

from dataclasses import dataclass

from common.errors import UserError


@dataclass(frozen=True, kw_only=True)
class PreparationSettings:
    """The options of `scripts/prepare_data.py` that bear the same names; its `--help` explains them."""

    sizes: tuple[int, ...]
    """In ascending order."""
    fit: str
    trim: bool
    max_aspect: float
    enlarge: bool
    min_count: int
    fine_styles: bool = False
    keep_unknown: bool = False
    keep_duplicates: bool = False
    workers: int

    def __post_init__(self) -> None:
        for option in ("max_aspect", "min_count", "workers"):
            if not getattr(self, option) >= 1:
                raise UserError(f"--{option.replace('_', '-')} {getattr(self, option):g}: give 1 or more")
