from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from common.preparing.labelling import DEFAULT_TAXONOMY, load_naming
from common.preparing.procedural.painting import COMPOSITIONS, RENDERINGS, paint
from common.preparing.procedural.styles import NATURAL

GENRES, STYLES = tuple(COMPOSITIONS), tuple(RENDERINGS)
CELLS = list(product(GENRES, STYLES))


@cache
def small(genre: str, style: str, seed: int) -> NDArray[np.float64]:
    return np.asarray(paint(genre, style, seed, size=64), dtype=np.float64) / 255.0


def test_the_names_are_canonical_names_of_the_taxonomy() -> None:
    genres, styles = load_naming(DEFAULT_TAXONOMY, fine_styles=True, taxonomy_only=True)
    assert [genres.name(genre) for genre in GENRES] == list(GENRES)
    assert [styles.name(style) for style in STYLES] == list(STYLES)


@pytest.mark.parametrize("genre", GENRES)
def test_every_shape_of_a_composition_has_a_colour_and_a_place(genre: str) -> None:
    for seed in range(30):
        for shape in COMPOSITIONS[genre](np.random.default_rng(seed)):
            assert shape.role in NATURAL
            assert np.isfinite(shape.outline).all()


@pytest.mark.parametrize(("style", "size"), [*zip(STYLES, (1, 50, 64, 128, 200, 256), strict=True)])
def test_a_picture_is_a_function_of_its_arguments_alone_and_as_large_as_asked(style: str, size: int) -> None:
    np.random.seed(1)
    first = paint("portrait", style, 3, size)
    np.random.seed(2)
    assert first.tobytes() == paint("portrait", style, 3, size).tobytes()
    assert (first.mode, first.size) == ("RGB", (size, size))


@pytest.mark.parametrize("style", STYLES)
def test_another_size_shows_the_same_composition(style: str) -> None:
    def coarse(seed: int, size: int) -> NDArray[np.float64]:
        picture = paint("landscape", style, seed, size).resize((16, 16), Image.Resampling.BOX)
        return np.asarray(picture, dtype=np.float64)

    same = np.abs(coarse(0, 256) - coarse(0, 128)).mean()
    other = np.abs(coarse(1, 256) - coarse(0, 128)).mean()
    assert same < 0.3 * other


@pytest.mark.parametrize(("genre", "style"), CELLS)
def test_pictures_of_one_cell_differ_strongly_from_seed_to_seed(genre: str, style: str) -> None:
    pictures = [small(genre, style, seed) for seed in range(3)]
    distances = [np.abs(pictures[i] - pictures[j]).mean() for i, j in ((0, 1), (0, 2), (1, 2))]
    assert min(distances) > 0.03
    assert max(distances) > 0.06


def features(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours on a 16 x 16 grid, the strength of edges on the same grid, and their means."""

    def grid(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values.reshape(16, 4, 16, 4, -1).mean(axis=(1, 3)).ravel()

    grey = picture.mean(axis=2)
    across, down = np.abs(np.diff(grey, axis=1, append=0.5)), np.abs(np.diff(grey, axis=0, append=0.5))
    saturation = picture.max(axis=2) - picture.min(axis=2)
    means = [*picture.mean(axis=(0, 1)), *picture.std(axis=(0, 1)), saturation.mean(), across.mean(), down.mean()]
    return np.concatenate([grid(picture), 2 * grid(across), 2 * grid(down), 4 * np.array(means), [1.0]])


@pytest.mark.slow
@pytest.mark.parametrize(("labels", "which", "least"), [(STYLES, 1, 0.75), (GENRES, 0, 0.7)])
def test_a_linear_classifier_tells_labels_of_unseen_seeds(labels: tuple[str, ...], which: int, least: float) -> None:
    def table(seeds: range) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        rows = [(cell, seed) for cell in CELLS for seed in seeds]
        inputs = np.stack([features(small(*cell, seed)) for cell, seed in rows])
        return inputs, np.array([labels.index(cell[which]) for cell, _ in rows])

    inputs, targets = table(range(4))
    ridge = inputs.T @ inputs + 3.0 * np.eye(inputs.shape[1])
    weights = np.linalg.solve(ridge, inputs.T @ np.eye(len(labels))[targets])
    unseen, truth = table(range(100, 102))
    accuracy = (np.argmax(unseen @ weights, axis=1) == truth).mean()
    assert accuracy > least, f"{accuracy:.2f} right, chance is {1 / len(labels):.2f}"
