"""Scores of translation: how near pictures of any channels are to the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imgan.metrics.pairs import PEAK
from imgan.metrics.psnr import MOST_DECIBELS
from imgan.metrics.psnr import psnr
from imgan.metrics.ssim import WINDOW
from imgan.metrics.ssim import ssim
from imgan.types import Array


@dataclass(frozen=True)
class PairScores:
    """How near a picture is to its target, over all channels and without a border."""

    l1: float
    """Mean absolute difference in units of `[-1, 1]`, as in the papers: twice that of
    pictures in `[0, 1]`."""
    psnr: float
    """Decibels, at most 100."""
    ssim: float | None
    """Structural similarity, averaged over the channels; None for pictures of less than
    11 pixels a side."""


def score_pair(target: Array, output: Array) -> PairScores:
    """Compare two pictures.

    Args:
        target: `(height, width, channels)`, 0 to 1.
        output: The same shape.
    """
    a, b = (np.asarray(pixels, np.float64) * PEAK for pixels in (target, output))
    large = min(target.shape[:2]) >= WINDOW
    return PairScores(
        l1=2.0 * float(np.mean(np.abs(a - b))) / PEAK,
        psnr=min(psnr(a, b, crop_border=0, channel="rgb"), MOST_DECIBELS),
        ssim=ssim(a, b, crop_border=0, channel="rgb") if large else None,
    )


def mean_scores(scores: Sequence[PairScores]) -> PairScores:
    """Return the means over pictures; of `ssim` None if some picture has none."""
    similarities = [one.ssim for one in scores if one.ssim is not None]
    full = len(similarities) == len(scores)
    return PairScores(
        l1=float(np.mean([one.l1 for one in scores])),
        psnr=float(np.mean([one.psnr for one in scores])),
        ssim=float(np.mean(similarities)) if full else None,
    )
