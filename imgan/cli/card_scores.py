"""Scores of a model card in words, with the protocol without which they say nothing."""

from typing import Any

from imgan.bundles.card import Card
from imgan.bundles.card import Score

_PSNR = ("psnr_y", "psnr_rgb")

_CONDITIONS = {
    ("channel", "y"): "on luma",
    ("channel", "grey"): "on the grey channel",
    ("channel", "bands"): "on all bands together",
    ("channel", "all"): "on all channels",
    ("downscale", "given"): "low resolution read from files",
    ("downscale", "matlab_bicubic"): "low resolution by MATLAB's bicubic reduction",
    ("downscale", "recipe"): "low resolution by the recipe's degradation",
}
"""What values of a protocol mean, as `imgan evaluate --json` spells them too."""


def protocol(score: Score) -> str:
    """Return the conditions of a score in words."""
    return ", ".join(_condition(key, value) for key, value in score.protocol.items())


def _condition(key: str, value: Any) -> str:
    if key == "crop_border":
        return f"{value} pixel{'' if value == 1 else 's'} cropped at each border"
    if key == "precision":
        return f"computed in {value}"
    name = "low resolution by" if key == "downscale" else key.replace("_", " ")
    return _CONDITIONS.get((key, str(value)), f"{name} {value}")


def psnr_score(card: Card) -> Score | None:
    """Return the first score of the card that holds a PSNR."""
    scores = (one for one in card.metrics if any(name in one.values for name in _PSNR))
    return next(scores, None)


def psnr(card: Card) -> str:
    """Return the first PSNR of the card with its set, such as `32.05 Set5`."""
    score = psnr_score(card)
    if score is None:
        return ""
    value = next(score.values[name] for name in _PSNR if name in score.values)
    return f"{value:.2f} {score.dataset}"


def in_words(score: Score) -> str:
    """Return all values of a score with its set and its conditions."""
    values = ", ".join(f"{name} {value:.4g}" for name, value in score.values.items())
    return f"{score.dataset}: {values} ({protocol(score)})"
