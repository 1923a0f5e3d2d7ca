"""Features, critic outputs and spectra of a subject's pictures, and how its pictures change with the labels.

Everything here is collective: the processes share the pictures, and each one gets the results of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from einops import rearrange
from jaxtyping import Float

from common.curation import Opinions
from common.data.dataset import Split
from common.evaluation.features import FeatureNetwork
from common.evaluation.references import BATCH, Progress
from common.evaluation.responses import SEEDS, Response, answered_labels, label_response
from common.evaluation.spectra import log_spectra
from common.evaluation.subjects import Subject, simplex
from common.shares import Share


@dataclass(frozen=True)
class Observations:
    """What was computed for n pictures and for real paintings."""

    features: Float[np.ndarray, "n f"]
    mirrored: Float[np.ndarray, "n f"]
    opinions: Opinions | None
    """The critic on the pictures; None without a critic."""
    opinions_of_held_out: Opinions | None
    spectra: Float[np.ndarray, "n r"]
    spectra_of_held_out: Float[np.ndarray, "m r"]
    spectra_of_stand_in: Float[np.ndarray, "l r"]
    responses: dict[str, Response]
    """By `genre` and `style`; empty without a painter."""


def observe(
    subject: Subject, held_out: Split, stand_in: Split, network: FeatureNetwork, share: Share, progress: Progress
) -> Observations:
    """Observe all pictures of a subject, and real paintings; `stand_in` gives the scores of real paintings."""
    own = share.of(len(subject))
    features = [np.zeros((0, network.num_features), dtype=np.float32)]
    mirrored, opinions = list(features), []
    spectra = [np.zeros((0, subject.resolution // 2), dtype=np.float32)]
    for start in range(0, len(own), BATCH):
        places = own[start : start + BATCH]
        images = subject.read(places)
        features.append(network(images).cpu().numpy())
        mirrored.append(network(images.flip(3)).cpu().numpy())
        spectra.append(log_spectra(images))
        if subject.painter is not None:
            opinions.append(subject.painter.opinions(images, *subject.conditions(places)))
        progress(len(places))
    return Observations(
        features=share.gather(np.concatenate(features)),
        mirrored=share.gather(np.concatenate(mirrored)),
        opinions=_gathered(opinions, share),
        opinions_of_held_out=_gathered(_opinions_of(held_out, subject, share), share),
        spectra=share.gather(np.concatenate(spectra)),
        spectra_of_held_out=share.gather(_spectra_of(held_out, share)),
        spectra_of_stand_in=share.gather(_spectra_of(stand_in, share)),
        responses={
            kind: label_response(subject.painter, kind, subject.resolution, network, subject.seed, share, progress)
            for kind in answered_labels(subject.painter, subject.resolution)
            if subject.painter is not None
        },
    )


def num_observed(subject: Subject) -> int:
    """Return how many pictures `observe` reports as progress, over all processes."""
    answers = answered_labels(subject.painter, subject.resolution)
    return len(subject) + SEEDS * sum(len(names) for names in answers.values())


def _opinions_of(split: Split, subject: Subject, share: Share) -> list[Opinions | None]:
    """Return the critic's opinions on this process's share of real paintings, given their own labels."""
    painter = subject.painter
    if painter is None:
        return []
    own = share.of(len(split))
    opinions = []
    for start in range(0, len(own), BATCH):
        places = np.asarray(own[start : start + BATCH])
        images = rearrange(split.pictures(places), "b h w c -> b c h w")
        genres = simplex(split.genres[places], painter.vocabulary.genres)
        styles = simplex(split.styles[places], painter.vocabulary.styles)
        opinions.append(painter.opinions(images, genres, styles))
    return opinions


def _spectra_of(split: Split, share: Share) -> Float[np.ndarray, "m r"]:
    """Return the spectra of this process's share of real paintings."""
    own = share.of(len(split))
    found = [np.zeros((0, split.images.shape[1] // 2), dtype=np.float32)]
    for start in range(0, len(own), BATCH):
        images = split.pictures(np.asarray(own[start : start + BATCH]))
        found.append(log_spectra(rearrange(images, "b h w c -> b c h w")))
    return np.concatenate(found)


def _gathered(opinions: Sequence[Opinions | None], share: Share) -> Opinions | None:
    own = np.array([opinion for opinion in opinions if opinion is not None], dtype=object)
    parts = share.gather(own).tolist()
    return Opinions.joined(parts) if parts else None
