"""Paint the pictures of the project's README from the weights in the box: `python scripts/readme_pictures.py`.

Run it after new weights have been put in the box; the seeds are picked by hand from the critic's favourites
(`generate.py --genre GENRE --resolution 64 --seed 1000 --curate 6 --from 150 --truncation 0.85 --variety --grid`).
"""

from __future__ import annotations

from PIL import Image

from command_line import Parser
from common.errors import run_command
from common.images import captioned_grid, labelled_grid
from common.vocabulary import ANY
from stage2 import Painter, Request
from stage2.sampling import SHIPPED

SEEDS = {
    "landscape": 1139, "cityscape": 1108, "portrait": 1053, "genre-painting": 1012, "religious": 1081,
    "still-life": 1059, "sketch": 1112, "illustration": 1026, "abstract": 1075,
}  # fmt: skip
STYLES = ("renaissance", "baroque", "impressionism", "pointillism", "ukiyo-e", "fauvism")
STRIP = ("cityscape", ("baroque", "pointillism", "ukiyo-e", "fauvism"))
TRUNCATION = 0.85


def main() -> None:
    Parser(description="Paint the pictures of the project's README.").parse_args()
    painter = Painter.load(SHIPPED)
    [portrait] = painter.paint("portrait", "renaissance", seed=23)
    pictures = {"sheet": sheet(painter), "stages": strip(painter), portrait.request.stem: portrait.image}
    for name, picture in pictures.items():
        path = SHIPPED / f"{name}.webp"
        picture.save(path, quality=85, method=6)
        print(path)


def sheet(painter: Painter) -> Image.Image:
    """A column for each genre, a row for each style, 128 pixels a picture."""
    columns = [
        painter.vary_styles(Request(genre=genre, seed=seed, truncation=TRUNCATION, resolution=128), STYLES)
        for genre, seed in SEEDS.items()
    ]
    rows = [[painting.image for painting in row] for row in zip(*columns, strict=True)]
    return labelled_grid(rows, STYLES, list(SEEDS))


def strip(painter: Painter) -> Image.Image:
    """What stage I paints, enlarged without smoothing, and what stage II makes of it in some styles."""
    genre, styles = STRIP
    request = Request(genre=genre, seed=SEEDS[genre], truncation=TRUNCATION)
    large = [painting.image for painting in painter.vary_styles(request, [ANY, *styles])]
    [small] = painter.paint(genre, seed=request.seed, resolution=64, truncation=TRUNCATION)
    pictures = [small.image.resize(large[0].size, Image.Resampling.NEAREST), *large]
    return captioned_grid(pictures, ["stage I, 64 pixels", "stage II, any style", *styles], columns=len(pictures))


if __name__ == "__main__":
    run_command(main)
