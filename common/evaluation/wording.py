"""How each figure is called and read: the sentences beside the numbers of a report, in the order that they stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from common.data.dataset import HeldOut
from common.evaluation.measurements import Figure


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a person needs to read one figure."""

    title: str
    better: Literal["low", "high", "neither"]
    unit: Literal["plain", "percent", "thousandths"] = "plain"
    sentence: str
    """How to read the figure."""
    real: str = "real paintings"
    """What stands where the generated pictures stand in the figure of real paintings."""

    def number(self, value: float) -> str:
        """The value with as many digits as it deserves."""
        match self.unit:
            case "percent":
                return f"{100 * value:.1f} %"
            case "thousandths":
                return f"{1000 * value:.1f}"
            case "plain":
                return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

    def mark(self, figure: Figure) -> str:
        """What real paintings score, and how many of them; blank where there is no mark."""
        return "" if figure.real is None else f"{self.number(figure.real)} ({figure.real_samples})"


def wordings(split: HeldOut) -> dict[str, Wording]:
    """Of every figure by its key, in the order in which they stand, as measured by that split."""
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
        sentence="Share of {split} paintings that have a generated picture among their 5 nearest neighbours. It leads, "
        "since a generator that paints mud or repeats itself cannot score here.",
        real="real training paintings",
    ),
    "recall": Wording(
        title="Recall",
        better="high",
        unit="percent",
        sentence="Share of {split} paintings that lie within what the generator reaches. Variety that is missing is "
        "missing here.",
        real="real training paintings",
    ),
    "kid": Wording(
        title="KID × 10³, {split} split",
        better="low",
        unit="thousandths",
        sentence="Distance to paintings that training never saw. Its size does not depend on the number of samples; 0 "
        "is the best there is.",
        real="real training paintings",
    ),
    "fid": Wording(
        title="FID, {split} split",
        better="low",
        sentence="The same question by the usual distance. It falls with the number of samples: compare at equal "
        "numbers only.",
        real="real training paintings",
    ),
    "fid_train": Wording(
        title="FID, training split",
        better="low",
        sentence="As the field reports it, against paintings that training saw: a copyist would score well. Of no more "
        "pictures than there are {split} paintings, so that the mark is of as many.",
        real="real {split} paintings",
    ),
    "asked_genre_accuracy": Wording(
        title="Painted what was asked: genre",
        better="high",
        unit="percent",
        sentence="How often the judge, a linear probe fitted on real training paintings alone, sees the asked genre.",
        real="real {split} paintings, the judge's ceiling",
    ),
    "asked_style_accuracy": Wording(
        title="Painted what was asked: style",
        better="high",
        unit="percent",
        sentence="How often the judge sees the asked style.",
        real="real {split} paintings, the judge's ceiling",
    ),
    "near_copies": Wording(
        title="Near a training painting",
        better="low",
        unit="percent",
        sentence="Share of pictures nearer to one of these training paintings than all but 1 % of {split} paintings "
        "are: honest painters have as many as these. More are copies, or hazy pictures near a hazy painting: the pairs "
        "below show which.",
        real="real {split} paintings, by definition",
    ),
    "diversity": Wording(
        title="Variety within a genre",
        better="high",
        sentence="How far two pictures of one genre lie apart, where real {split} paintings lie 1 apart. Near 0 the "
        "generator has one picture per genre.",
        real="real {split} paintings, by definition",
    ),
    "spectrum": Wording(
        title="Spectrum, decibel off",
        better="low",
        sentence="By how much the power of detail differs from that of paintings, on average over its sizes. Blur "
        "lacks the fine, noise has too much of it, a grid has a peak: the plot below shows which.",
        real="real training paintings",
    ),
    "genre_response": Wording(
        title="Answer to the genre",
        better="neither",
        sentence="How far the genre parts pictures of the same noise: 0 if it changes nothing, 1 if as much as other "
        "noise.",
    ),
    "style_response": Wording(
        title="Answer to the style",
        better="neither",
        sentence="How far the style parts pictures made of the same small picture and noise.",
    ),
    "composition_kept": Wording(
        title="Composition kept",
        better="high",
        sentence="Correlation of stage II's picture with stage I's, both at 16 × 16 pixels.",
    ),
    "critic_genre_accuracy": Wording(
        title="The critic on {split} paintings: genre",
        better="high",
        unit="percent",
        sentence="The critic as a classifier of held-out paintings. GANGogh's “> 90 %” was measured on paintings that "
        "it was trained on; Tan et al. (2016) reach 74.14 % on 10 genres of WikiArt, with a network trained "
        "on ImageNet first and on more and larger paintings.",
    ),
    "critic_style_accuracy": Wording(
        title="The critic on {split} paintings: style",
        better="high",
        unit="percent",
        sentence="The same for the style.",
    ),
    "critic_genre_of_generated": Wording(
        title="The critic's own opinion: genre",
        better="neither",
        unit="percent",
        sentence="How often the critic sees the asked genre in a generated picture. The generator was trained to "
        "please it: a party, not a judge.",
    ),
    "critic_style_of_generated": Wording(
        title="The critic's own opinion: style",
        better="neither",
        unit="percent",
        sentence="The same for the style.",
    ),
    "kid_of_curated": Wording(
        title="KID × 10³ of the critic's favourites",
        better="low",
        unit="thousandths",
        sentence="The twentieth part of each asked pair of genre and style that the critic would keep. Were it no "
        "nearer to paintings than the others, its choice would not be one.",
    ),
    "kid_of_others": Wording(
        title="KID × 10³ of the others",
        better="low",
        unit="thousandths",
        sentence="What the critic would leave of the same requests.",
    ),
    "asked_genre_accuracy_of_curated": Wording(
        title="Asked genre, the critic's favourites",
        better="high",
        unit="percent",
        sentence="By the judge, among what the critic would keep.",
    ),
    "asked_genre_accuracy_of_others": Wording(
        title="Asked genre, the others",
        better="high",
        unit="percent",
        sentence="By the judge, among the rest of the same requests.",
    ),
    "asked_style_accuracy_of_curated": Wording(
        title="Asked style, the critic's favourites",
        better="high",
        unit="percent",
        sentence="By the judge, among what the critic would keep.",
    ),
    "asked_style_accuracy_of_others": Wording(
        title="Asked style, the others",
        better="high",
        unit="percent",
        sentence="By the judge, among the rest of the same requests.",
    ),
    "precision": Wording(
        title="Precision",
        better="neither",
        unit="percent",
        sentence="Share of pictures within a neighbourhood of real paintings. A few far-out paintings have "
        "neighbourhoods so wide that mud scores here: never alone.",
        real="real training paintings",
    ),
    "density": Wording(
        title="Density",
        better="neither",
        sentence="In how many such neighbourhoods a picture lies. Fooled in the same way.",
        real="real training paintings",
    ),
}
