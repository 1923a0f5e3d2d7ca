"""The title and the explanation of each figure in a report, in the order of the report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from common.data.dataset import HeldOut
from common.evaluation.measurements import Figure


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How one figure is shown and explained to a person."""

    title: str
    better: Literal["low", "high", "neither"]
    unit: Literal["plain", "percent", "thousandths"] = "plain"
    sentence: str
    """What the figure means."""
    real: str = "real paintings"
    """Which real paintings were measured instead of generated pictures for `Figure.real`."""

    def number(self, value: float) -> str:
        """Return the value as text, rounded for its unit."""
        match self.unit:
            case "percent":
                return f"{100 * value:.1f} %"
            case "thousandths":
                return f"{1000 * value:.1f}"
            case "plain":
                return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

    def mark(self, figure: Figure) -> str:
        """Return the score of real paintings and, in brackets, their number; an empty text if there is none."""
        return "" if figure.real is None else f"{self.number(figure.real)} ({figure.real_samples})"


def wordings(split: HeldOut) -> dict[str, Wording]:
    """Return the wording of every figure by its key, in the order of the report, for figures measured on `split`."""
    return {
        key: replace(
            wording,
            title=wording.title.format(split=split),
            sentence=wording.sentence.format(split=split),
            real=wording.real.format(split=split),
        )
        for key, wording in _WORDINGS.items()
    }


_WORDINGS: dict[str, Wording] = {
    "coverage": Wording(
        title="Coverage",
        better="high",
        unit="percent",
        sentence="Share of {split} paintings that have a generated picture within the distance of their 5th nearest "
        "neighbour. It comes first because blurred or repetitive pictures score low.",
        real="real training paintings",
    ),
    "recall": Wording(
        title="Recall",
        better="high",
        unit="percent",
        sentence="Share of {split} paintings that lie within the neighbourhood of a generated picture. It is low if "
        "variety is missing.",
        real="real training paintings",
    ),
    "kid": Wording(
        title="KID × 10³, {split} split",
        better="low",
        unit="thousandths",
        sentence="Distance to paintings that were not used for training; 0 is the best. It does not depend on the "
        "number of samples.",
        real="real training paintings",
    ),
    "fid": Wording(
        title="FID, {split} split",
        better="low",
        sentence="The most widely used distance, to the same paintings. It falls as the number of samples grows: "
        "compare only equal numbers.",
        real="real training paintings",
    ),
    "fid_train": Wording(
        title="FID, training split",
        better="low",
        sentence="Distance to the training paintings, as most papers report it. A model that copies its training data "
        "scores well. The score of real paintings is computed on equally many {split} paintings.",
        real="real {split} paintings",
    ),
    "asked_genre_accuracy": Wording(
        title="Asked genre recognised",
        better="high",
        unit="percent",
        sentence="How often the judge recognises the genre that was asked for. The judge is a linear classifier, "
        "fitted on real training paintings only.",
        real="real {split} paintings, with their own labels",
    ),
    "asked_style_accuracy": Wording(
        title="Asked style recognised",
        better="high",
        unit="percent",
        sentence="How often the judge recognises the style that was asked for.",
        real="real {split} paintings, with their own labels",
    ),
    "near_copies": Wording(
        title="Close to a training painting",
        better="low",
        unit="percent",
        sentence="Share of pictures that are closer to a training painting than 99 % of {split} paintings are. "
        "Without copying it is about that of real paintings: 1 %, or one in all if they are fewer than 100. More "
        "means copies, or blurred pictures near a blurred painting: the pairs below show which.",
        real="real {split} paintings, by definition",
    ),
    "diversity": Wording(
        title="Variety within a genre",
        better="high",
        sentence="Distance between two pictures of the same genre, as a multiple of the same distance for {split} "
        "paintings. Near 0 all pictures of a genre look alike.",
        real="real {split} paintings, by definition",
    ),
    "spectrum": Wording(
        title="Spectrum error, dB",
        better="low",
        sentence="Difference between the power spectra of generated pictures and of {split} paintings, averaged over "
        "frequencies. Blur lacks fine detail, noise has too much of it, a grid has a peak: the plot below "
        "shows which.",
        real="real training paintings",
    ),
    "genre_response": Wording(
        title="Effect of the genre",
        better="neither",
        sentence="How much a picture changes with the genre while the noise stays the same: 0 is not at all, 1 is as "
        "much as with other noise.",
    ),
    "style_response": Wording(
        title="Effect of the style",
        better="neither",
        sentence="The same for the style, while the picture of stage I and the noise stay the same.",
    ),
    "composition_kept": Wording(
        title="Composition kept by stage II",
        better="high",
        sentence="Correlation between the pictures of stage II and stage I, both reduced to 16 × 16 pixels.",
    ),
    "critic_genre_accuracy": Wording(
        title="Critic's genre accuracy, {split} split",
        better="high",
        unit="percent",
        sentence="How often the critic names the right genre of a {split} painting. GANGogh's “> 90 %” was measured "
        "on its own training paintings. Tan et al. (2016) reach 74.14 % on 10 genres of WikiArt, with a "
        "network pretrained on ImageNet and with more and larger paintings.",
    ),
    "critic_style_accuracy": Wording(
        title="Critic's style accuracy, {split} split",
        better="high",
        unit="percent",
        sentence="The same for the style.",
    ),
    "critic_genre_of_generated": Wording(
        title="Critic's genre accuracy, generated",
        better="neither",
        unit="percent",
        sentence="How often the critic sees the genre that was asked for in a generated picture. The generator was "
        "trained against this critic, so this is not an independent measure.",
    ),
    "critic_style_of_generated": Wording(
        title="Critic's style accuracy, generated",
        better="neither",
        unit="percent",
        sentence="The same for the style.",
    ),
    "kid_of_curated": Wording(
        title="KID × 10³, critic's top 5 %",
        better="low",
        unit="thousandths",
        sentence="KID of the pictures that the critic ranks highest, the top 5 % for each pair of genre and style. If"
        " it is no lower than that of the rest, the ranking does not help.",
    ),
    "kid_of_others": Wording(
        title="KID × 10³, the rest",
        better="low",
        unit="thousandths",
        sentence="KID of the other pictures of the same pairs.",
    ),
    "asked_genre_accuracy_of_curated": Wording(
        title="Asked genre recognised, critic's top 5 %",
        better="high",
        unit="percent",
        sentence="By the judge, among the pictures that the critic ranks highest.",
    ),
    "asked_genre_accuracy_of_others": Wording(
        title="Asked genre recognised, the rest",
        better="high",
        unit="percent",
        sentence="By the judge, among the other pictures of the same pairs.",
    ),
    "asked_style_accuracy_of_curated": Wording(
        title="Asked style recognised, critic's top 5 %",
        better="high",
        unit="percent",
        sentence="By the judge, among the pictures that the critic ranks highest.",
    ),
    "asked_style_accuracy_of_others": Wording(
        title="Asked style recognised, the rest",
        better="high",
        unit="percent",
        sentence="By the judge, among the other pictures of the same pairs.",
    ),
    "precision": Wording(
        title="Precision",
        better="neither",
        unit="percent",
        sentence="Share of generated pictures that lie within the neighbourhood of a real painting. A few outlying "
        "paintings have very wide neighbourhoods, and even blurred pictures lie in them: do not read it alone.",
        real="real training paintings",
    ),
    "density": Wording(
        title="Density",
        better="neither",
        sentence="Number of such neighbourhoods that a picture lies in, divided by 5. It has the same weakness.",
        real="real training paintings",
    ),
}
