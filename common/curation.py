"""Which of many pictures a critic would keep: those it recognises as what was asked, the most real first.

The parent's authors picked by eye; this does it by the critic's two heads, so that it can be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from common.data.dataset import UNLABELLED


@dataclass(frozen=True)
class Opinions:
    """What a critic says of n pictures."""

    scores: Float[np.ndarray, "n"]
    """Realness, unbounded; comparable within one critic only."""
    genre_logits: Float[np.ndarray, "n k"]
    style_logits: Float[np.ndarray, "n s"] | None
    """None from stage I's critic, which knows no styles."""

    @classmethod
    def joined(cls, parts: Sequence[Opinions]) -> Opinions:
        """The opinions of one critic on several batches as one."""
        styles = [part.style_logits for part in parts if part.style_logits is not None]
        return cls(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.genre_logits for part in parts]),
            np.concatenate(styles) if styles else None,
        )

    def logits(self, kind: str) -> Float[np.ndarray, "n k"] | None:
        """Of `genre` or `style`."""
        return self.genre_logits if kind == "genre" else self.style_logits

    def recognised(self, genres: Int[np.ndarray, "n"], styles: Int[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
        """Whether each picture's most likely classes are the asked ones; what was not asked cannot be missed."""
        right = (genres == UNLABELLED) | (self.genre_logits.argmax(axis=1) == genres)
        if self.style_logits is not None:
            right &= (styles == UNLABELLED) | (self.style_logits.argmax(axis=1) == styles)
        return right


def rank(opinions: Opinions, genres: Int[np.ndarray, "n"], styles: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    """Places of the pictures, best first: the recognised before the others, each part by its scores."""
    return np.lexsort((-opinions.scores, ~opinions.recognised(genres, styles)))
