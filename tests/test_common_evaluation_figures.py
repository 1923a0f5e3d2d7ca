"""Figures out of features whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from common.data.dataset import UNLABELLED
from common.evaluation.distances import interval_of_mean, jackknife_deviation, jackknifed_manifolds, manifolds
from common.evaluation.figures import FIGURES, distances_within, specs


def test_distances_within_a_label_scatter_as_independent_draws_do() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, UNLABELLED], [20, 21, 5])
    means, errors = [], []
    for _ in range(400):
        # Some pictures lie far out, and far from all others: two distances from one of them would be alike.
        features = random.normal(size=(len(labels), 30)) * random.exponential(size=(len(labels), 1))
        distances = distances_within(features.astype(np.float32), labels, random)
        assert len(distances) == 20
        means.append(distances.mean())
        errors.append(distances.std(ddof=1) / len(distances) ** 0.5)
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.12)


def test_recall_and_coverage_scatter_with_the_pictures_no_further_than_is_said() -> None:
    random = np.random.default_rng(0)

    def spread(count: int, scale: float) -> np.ndarray:
        points = random.normal(size=(count, 5)) * random.gamma(4, 0.25, size=(count, 1))
        return (scale * points).astype(np.float32)

    real = spread(120, 1.0)
    found, said, over_paintings = [], [], []
    for _ in range(40):
        generated = spread(120, 0.4)
        reached = manifolds(real, generated)
        found.append([reached["recall"].mean(), reached["coverage"].mean()])
        replicates = jackknifed_manifolds(real, generated, random)
        columns = ([one["recall"].mean() for one in replicates], [one["coverage"].mean() for one in replicates])
        said.append([jackknife_deviation(np.array(column)) for column in columns])
        low, high = interval_of_mean(reached["recall"], random)
        over_paintings.append((high - low) / 3.92)
    true, mean = np.std(found, axis=0), np.mean(said, axis=0)
    assert (mean > 0.9 * true).all()
    assert (mean < 2 * true).all()
    # The interval over other real paintings beside the same pictures is too narrow.
    assert np.mean(over_paintings) < 0.9 * true[0]


def test_a_picture_alone_of_its_label_has_no_distance() -> None:
    assert len(distances_within(np.zeros((3, 2), dtype=np.float32), np.array([0, 1, 2]), np.random.default_rng(0))) == 0


def test_seven_figures_come_first_and_every_figure_is_explained_for_its_split() -> None:
    shown = specs("validation")
    assert sorted(shown) == sorted(spec.key for spec in FIGURES)
    first = ["kid", "kid_by_ruler", "fid", "coverage", "asked_genre_accuracy", "asked_style_accuracy", "near_copies"]
    assert list(shown)[:7] == first == [key for key, spec in shown.items() if spec.leads]
    for spec in shown.values():
        assert "{" not in spec.title + spec.sentence + spec.real
        assert spec.sentence.endswith(".")
    assert shown["kid"].title == "KID × 10³, validation split"


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [("kid", 0.0312, "31.2"), ("coverage", 0.7131, "71.3 %"), ("fid", 72.96, "73.0"), ("diversity", 0.876, "0.88")],
)
def test_numbers_are_rounded_for_their_unit(key: str, value: float, text: str) -> None:
    assert specs("test")[key].number(value) == text
