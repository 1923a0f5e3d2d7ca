"""Rank pictures by the critic: the surer it is that a picture shows the requested labels, the higher its rank.

GANGogh's authors picked by eye; a ranking by the critic's class heads can be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d


@dataclass(frozen=True)
class Opinions:
    """A critic's outputs for n pictures."""

    scores: Float[np.ndarray, "n"]
    """Realness, unbounded; comparable within one critic only."""
    genre_logits: Float[np.ndarray, "n k"]
    style_logits: Float[np.ndarray, "n s"] | None
    """None from stage I's critic, which has no style head."""

    @classmethod
    def joined(cls, parts: Sequence[Opinions]) -> Opinions:
        """Join the opinions of one critic on several batches."""
        styles = [part.style_logits for part in parts if part.style_logits is not None]
        return cls(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.genre_logits for part in parts]),
            np.concatenate(styles) if styles else None,
        )

    def logits(self, kind: str) -> Float[np.ndarray, "n k"] | None:
        """Return the logits of the kind `genre` or `style`."""
        return self.genre_logits if kind == "genre" else self.style_logits


def rank(
    opinions: Opinions,
    genres: Float[np.ndarray, "n k"],
    styles: Float[np.ndarray, "n s"],
    shift: Float[np.ndarray, "n"] | float = 0.0,
) -> Int[np.ndarray, "n"]:
    """Return the indices of the pictures, best first: by the probability that each shows the requested labels.

    `shift` is added to the probabilities.

    `genres` and `styles` are the requests, points of the simplex. Realness decides only between equal probabilities,
    so only for requests without a label. The generator learns to please it: beside a label, pictures of high realness
    were no better by stage I's critic and worse by stage II's (figures: "What we found" in their READMEs).
    """
    certainty = probability(opinions.genre_logits, genres)
    if opinions.style_logits is not None:
        certainty = certainty * probability(opinions.style_logits, styles)
    return np.lexsort((-opinions.scores, -certainty - shift))


def favourites(order: Int[np.ndarray, "n"], asked: Int[np.ndarray, "n"]) -> Int[np.ndarray, "m"]:
    """Return the best twentieth of each request's pictures, best first; if that is none, the best picture of all.

    `order` holds the indices of all pictures, best first; `asked` the number of the request that each picture answers.
    Each request is ranked by itself: over all pictures, the critic would keep the labels that it finds easy.
    """
    kept = np.zeros(len(asked), dtype=bool)
    for request in np.unique(asked):
        own = order[asked[order] == request]
        kept[own[: round(0.05 * len(own))]] = True
    return order[kept[order]] if kept.any() else order[:1]


def passed_over(kept: Int[np.ndarray, "m"], asked: Int[np.ndarray, "n"]) -> Int[np.ndarray, "l"]:
    """Return the pictures that were not kept, to compare the favourites with.

    Skips requests of which no picture was kept: they have few pictures, and rare labels are harder to paint.
    """
    return np.setdiff1d(np.flatnonzero(np.isin(asked, asked[kept])), kept)


def judgement(
    opinions: Opinions,
    genres: Float[np.ndarray, "1 k"],
    styles: Float[np.ndarray, "1 s"],
    order: Int[np.ndarray, "n"],
    index: int,
) -> dict[str, str]:
    """Return the metadata of the picture with that index among n of one request: realness, probabilities, rank."""
    found = {"realness": f"{opinions.scores[index]:.4g}"}
    for kind, logits, asked in (("genre", opinions.genre_logits, genres), ("style", opinions.style_logits, styles)):
        if logits is not None and asked.any():
            found[f"{kind}_probability"] = f"{probability(logits[index : index + 1], asked)[0]:.4f}"
    return {**found, "rank": f"{order.tolist().index(index) + 1} of {len(order)}"}


def probability(logits: Float[np.ndarray, "n k"], asked: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n"]:
    """Return the probability, by softmax, that each picture shows one of its requested labels; 1 without a request."""
    chances = np.ones(len(logits))
    named = asked.any(axis=1)
    if named.any():
        wanted = logits[named].astype(np.float64)
        shares = np.exp(wanted - wanted.max(axis=1, keepdims=True))
        chances[named] = np.where(asked[named] > 0, shares, 0).sum(axis=1) / shares.sum(axis=1)
    return chances


def thumbnails(pictures: UInt8[Tensor, "b 3 h w"]) -> Float[np.ndarray, "b d"]:
    """Reduce pictures to 8x8 pixels, flattened: the distance between two compares layout and palette."""
    return rearrange(adaptive_avg_pool2d(pictures.to(torch.float32), 8), "b c h w -> b (c h w)").numpy()


def thumbnails_of(pictures: Sequence[Image.Image]) -> Float[np.ndarray, "m d"]:
    """Reduce single pictures, of any size and shape, in the same way."""
    small = [picture.convert("RGB").resize((8, 8), Image.Resampling.BOX) for picture in pictures]
    return np.array([np.asarray(one, np.float32).transpose(2, 0, 1).ravel() for one in small]).reshape(-1, 8 * 8 * 3)


def likeness(small: Float[np.ndarray, "n d"], examples: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "n"]:
    """Return the correlation of each thumbnail with the example that it resembles most, at most 1; 0 without examples.

    So it sees where light, dark and colours lie, and nothing of what they show.
    """
    if not len(examples):
        return np.zeros(len(small))
    one, other = (part - part.mean(axis=1, keepdims=True) for part in (small, examples))
    one, other = (part / (np.linalg.norm(part, axis=1, keepdims=True) + 1e-6) for part in (one, other))
    closest: Float[np.ndarray, "n"] = (one @ other.T).max(axis=1)
    return closest


def choose(order: Int[np.ndarray, "n"], small: Float[np.ndarray, "n d"] | None, keep: int) -> Int[np.ndarray, "k"]:
    """Return the first `keep` indices of `order`; with thumbnails, those that look like a kept picture come last.

    Two pictures look alike if their distance is in the lowest quarter of the distances between consecutive seeds.
    """
    if small is None or len(small) < 2:
        return order[:keep]
    alike = np.quantile(np.linalg.norm(np.diff(small, axis=0), axis=1), 0.25)
    kept: list[int] = []
    for index in order:
        if len(kept) == keep:
            break
        if not kept or np.linalg.norm(small[kept] - small[index], axis=1).min() >= alike:
            kept.append(int(index))
    passed_over = order[~np.isin(order, kept)]
    return np.concatenate([kept, passed_over]).astype(np.int64)[:keep]
