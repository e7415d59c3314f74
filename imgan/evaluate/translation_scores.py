"""Scores of translation, with the protocol without which they say nothing."""

import math
from dataclasses import asdict
from dataclasses import dataclass
from typing import Any

from imgan.metrics.translation import PairScores
from imgan.metrics.translation import mean_scores
from imgan.types import Array


@dataclass(frozen=True)
class PairResult:
    """One picture, by the model and by what needs none; None where that is missing."""

    name: str
    model: PairScores
    identity: PairScores | None
    mean_target: PairScores | None


@dataclass(frozen=True)
class FeatureScores:
    """Distances between the results and the targets as sets."""

    fid: float
    kid: float
    kid_error: float
    features: str
    note: str


@dataclass(frozen=True)
class Example:
    """A pair with what the model makes of it, 8-bit grey or RGB each."""

    name: str
    why: str
    """`worst`, `median` and `best` by L1, or empty."""
    scores: PairScores
    source: Array
    output: Array
    target: Array


@dataclass(frozen=True)
class TranslationProtocol:
    """How scores were taken; without it they cannot be compared."""

    form: str
    direction: str | None
    square: int | None
    """Side that pictures were squeezed to; None: the size of their files."""
    mean_of: str | None
    """`picture` or `colour`: of what the mean target is the mean; None: there is one
    pair alone."""

    def __str__(self) -> str:
        size = "pictures of their own size"
        if self.square is not None:
            size = (
                f"both sides squeezed to {self.square}x{self.square}, as in training "
                "(--full-size leaves them)"
            )
        way = f", {self.direction}" if self.direction else ""
        return (
            "L1 in units of [-1, 1], PSNR and SSIM, over all channels and without a "
            f"border, of results as they are written; {size}; pairs from {self.form}"
            f"{way}"
        )

    @property
    def baselines(self) -> str:
        """What is scored beside the model."""
        mean = {
            "picture": "; mean target: the mean of the other targets, pixel by pixel",
            "colour": "; mean target: the mean colour of the other targets",
        }
        return f"identity: the source as it is{mean.get(self.mean_of or '', '')}"


@dataclass(frozen=True)
class TranslationEvaluation:
    """Scores of a translation model on pairs."""

    model: str
    protocol: TranslationProtocol
    images: tuple[PairResult, ...]
    features: FeatureScores | None = None
    examples: tuple[Example, ...] = ()

    @property
    def means(self) -> dict[str, PairScores]:
        """Mean scores of the model and of the baselines that there are."""
        columns: dict[str, list[PairScores | None]] = {
            "model": [image.model for image in self.images],
            "identity": [image.identity for image in self.images],
            "mean_target": [image.mean_target for image in self.images],
        }
        full = {
            name: [score for score in scores if score is not None]
            for name, scores in columns.items()
        }
        return {name: mean_scores(scores) for name, scores in full.items() if scores}

    def to_json(self) -> dict[str, Any]:
        """Return what `imgan evaluate --json` writes; null is what there is not."""
        means = {name: _finite(scores) for name, scores in self.means.items()}
        return {
            "model": self.model,
            "task": "translation",
            "protocol": {
                "l1": "units of [-1, 1]",
                "channels": "all",
                "crop_border": 0,
                "pairs": self.protocol.form,
                "direction": self.protocol.direction,
                "squeezed_to": self.protocol.square,
                "mean_target": self.protocol.mean_of,
            },
            "images": [
                {"name": image.name, **_finite(image.model)} for image in self.images
            ],
            "mean": means["model"],
            "identity": means.get("identity"),
            "mean_target": means.get("mean_target"),
            "features": asdict(self.features) if self.features else None,
        }


def _finite(scores: PairScores) -> dict[str, float | None]:
    return {
        name: value if value is not None and math.isfinite(value) else None
        for name, value in asdict(scores).items()
    }
