"""Scores of pairs, derived by hand."""

import math

import numpy as np
import pytest

from imgan.metrics.ssim import ssim
from imgan.metrics.translation import PairScores
from imgan.metrics.translation import mean_scores
from imgan.metrics.translation import score_pair


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_an_error_in_one_channel_is_shared_by_all(channels: int) -> None:
    """Of C channels one is off by 0.1: L1 is 0.2 / C in units of [-1, 1].

    The mean squared difference is 0.01 / C of the peak's, hence 20 + 10 log10(C) dB.
    """
    target = np.full((12, 13, channels), 0.5, np.float32)
    output = target.copy()
    output[..., -1] += np.float32(0.1)
    scores = score_pair(target, output)
    assert scores.l1 == pytest.approx(0.2 / channels, rel=1e-5)
    assert scores.psnr == pytest.approx(20 + 10 * math.log10(channels), abs=1e-4)


def test_structural_similarity_is_the_mean_over_channels() -> None:
    rng = np.random.default_rng(0)
    target, output = rng.random((2, 16, 20, 4), np.float32)
    channels = [
        ssim(target[..., one] * 255.0, output[..., one] * 255.0, crop_border=0)
        for one in range(4)
    ]
    found = score_pair(target, output).ssim
    assert found == pytest.approx(np.mean(channels), abs=1e-6)
    one = score_pair(target[..., :1], output[..., :1]).ssim
    assert one == pytest.approx(channels[0], abs=1e-6)


def test_equal_pictures_have_a_hundred_decibels() -> None:
    target = np.full((11, 11, 3), 0.25, np.float32)
    assert score_pair(target, target) == PairScores(0.0, 100.0, 1.0)


def test_pictures_below_the_window_have_no_similarity() -> None:
    small, large = (
        score_pair(*np.zeros((2, side, 11, 3), np.float32)) for side in (10, 11)
    )
    assert small.ssim is None
    assert mean_scores([small, large]).ssim is None
    assert mean_scores([large, large]).ssim == 1.0


def test_means_over_pictures() -> None:
    scores = [PairScores(0.1, 20.0, 0.5), PairScores(0.3, 100.0, 0.7)]
    mean = mean_scores(scores)
    assert (mean.l1, mean.psnr, mean.ssim) == pytest.approx((0.2, 60.0, 0.6))
