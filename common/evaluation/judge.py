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

STRENGTHS = (1e-4, 1e-3, 1e-2)
"""Inverse strengths of the weight decay, of which the best on a tenth of the training paintings is taken."""
TUNED_ON = 5000


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


def fit_judge(
    features: Float[np.ndarray, "n f"], labels: Int[np.ndarray, "n"], num_classes: int, random: np.random.Generator
) -> Judge:
    """Fit by multinomial logistic regression on the labelled paintings; a class without any is never given."""
    labelled = random.permutation(np.flatnonzero(labels != UNLABELLED))
    features, labels = np.asarray(features)[labelled], labels[labelled]
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    standard = (features - mean) / scale
    tuned = min(len(labels) // 2, TUNED_ON)
    held_out = slice(tuned, tuned + max(tuned // 9, 1))
    scores = [_fit(standard[:tuned], labels[:tuned], c).score(standard[held_out], labels[held_out]) for c in STRENGTHS]
    model = _fit(standard, labels, STRENGTHS[int(np.argmax(scores))])
    weights = np.zeros((num_classes, features.shape[1]), dtype=np.float32)
    biases = np.full(num_classes, -np.inf, dtype=np.float32)
    # Of two classes scikit-learn keeps one row, the second's.
    known = model.classes_[-len(model.coef_) :]
    biases[model.classes_] = 0
    weights[known], biases[known] = model.coef_, model.intercept_
    return Judge(mean, scale, weights, biases)


def confusion(asked: Int[np.ndarray, "n"], judged: Int[np.ndarray, "n"], num_classes: int) -> Int[np.ndarray, "k k"]:
    """How many pictures asked as row were judged as column; those asked as nothing do not count."""
    table = np.zeros((num_classes, num_classes), dtype=np.int64)
    labelled = asked != UNLABELLED
    np.add.at(table, (asked[labelled], judged[labelled]), 1)
    return table


def _fit(features: Float[np.ndarray, "n f"], labels: Int[np.ndarray, "n"], strength: float) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # The last digits of a probe are not worth more rounds.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=strength, max_iter=200, tol=1e-3).fit(features, labels)
