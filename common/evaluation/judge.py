"""The judge: what a genre or a style looks like, learnt from real training paintings alone.

A linear probe on the features of a network that never saw a generated picture. It is no party to the training, as
the critic is; how often it is right on held-out paintings is the ceiling of what it can say of generated ones.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from common.data.dataset import UNLABELLED

DECAY_INVERSE = 1e-3
"""Inverse strength of the weight decay.

Within 2 points of the best power of ten on held-out paintings of WikiArt, from 300 to 20 000 to fit on. With ten times
as much a judge knows as many paintings and sees a fourth less of the styles of generated pictures, so that tuning it
anew for every set of paintings had that figure jump.
"""
JACKKNIFE_PARTS = 4


@dataclass(frozen=True)
class Judge:
    """Linear classifier of standardised features."""

    mean: Float[np.ndarray, "f"]
    scale: Float[np.ndarray, "f"]
    weights: Float[np.ndarray, "k f"]
    biases: Float[np.ndarray, "k"]

    def classify(self, features: Float[np.ndarray, "n f"]) -> Int[np.ndarray, "n"]:
        """The most likely class of each picture."""
        standard = (np.asarray(features) - self.mean) / self.scale
        return (standard @ self.weights.T + self.biases).argmax(axis=1)


def fit_judge(features: Float[np.ndarray, "n f"], labels: Int[np.ndarray, "n"], num_classes: int) -> Judge:
    """Fit by multinomial logistic regression on the labelled paintings; a class without any is never given."""
    labelled = labels != UNLABELLED
    features, labels = np.asarray(features)[labelled], labels[labelled]
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    weights = np.zeros((num_classes, features.shape[1]), dtype=np.float32)
    biases = np.full(num_classes, -np.inf, dtype=np.float32)
    classes = np.unique(labels)
    biases[classes] = 0
    if len(classes) > 1:
        model = _fit((features - mean) / scale, labels)
        # Of two classes scikit-learn keeps one row, the second's.
        known = classes[-len(model.coef_) :]
        weights[known], biases[known] = model.coef_, model.intercept_
    return Judge(mean, scale, weights, biases)


def fit_replicates(
    features: Float[np.ndarray, "n f"], labels: Int[np.ndarray, "n"], num_classes: int, random: np.random.Generator
) -> tuple[Judge, ...]:
    """The jackknife replicates of a judge: each is fitted without one of the equal parts of its paintings.

    Generated pictures lie where no painting does, and what a probe says there a few paintings decide: judges of other
    paintings agree on paintings and differ on these.
    """
    labelled = random.permutation(np.flatnonzero(labels != UNLABELLED))
    # By class, so that every replicate has the same share of each.
    labelled = labelled[np.argsort(labels[labelled], kind="stable")]
    parts = np.arange(len(labelled)) % JACKKNIFE_PARTS
    kept = [labelled[parts != part] for part in range(JACKKNIFE_PARTS)]
    return tuple(fit_judge(np.asarray(features)[places], labels[places], num_classes) for places in kept)


def confusion(asked: Int[np.ndarray, "n"], judged: Int[np.ndarray, "n"], num_classes: int) -> Int[np.ndarray, "k k"]:
    """How many pictures asked as row were judged as column; those asked as nothing do not count."""
    table = np.zeros((num_classes, num_classes), dtype=np.int64)
    labelled = asked != UNLABELLED
    np.add.at(table, (asked[labelled], judged[labelled]), 1)
    return table


def _fit(features: Float[np.ndarray, "n f"], labels: Int[np.ndarray, "n"]) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # The last digits of a probe are not worth more rounds.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=DECAY_INVERSE, max_iter=200, tol=1e-3).fit(features, labels)
