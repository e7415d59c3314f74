"""Structural similarity, as the reference code of its authors computes it."""

import numpy as np
from skimage.metrics import structural_similarity

from imgan.metrics.pairs import PEAK
from imgan.metrics.pairs import Channel
from imgan.metrics.pairs import scored_pixels
from imgan.types import Array

WINDOW = 11
"""Side of the Gaussian window; smaller pictures have no score."""

_SIGMA = 1.5
_RADIUS = WINDOW // 2

# Rows of one band: scikit-image holds about fifteen float64 copies of what it is given.
_BAND = 512


def ssim(a: Array, b: Array, *, crop_border: int, channel: Channel = "y") -> float:
    """Return the mean structural similarity of two pictures.

    Follows [Wang et al., 2004](https://doi.org/10.1109/TIP.2003.819861) and its MATLAB
    code: 11×11 Gaussian window of standard deviation 1.5, K1 = 0.01, K2 = 0.03, biased
    variances, averaged where the window lies wholly inside.

    Args:
        a: `(height, width, channels)` or `(height, width)` of one channel, taken as it
            is; uint8, or float in `[0, 255]`.
        b: The same shape; the order does not matter.
        crop_border: Pixels ignored on each side; the scale, by custom.
        channel: `"y"` for BT.601 luma of RGB, `"rgb"` for the mean of all channels, of
            any number.

    Returns:
        At most 1, which equal pictures reach.
    """
    left, right = scored_pixels(a, b, crop_border, channel)
    height, width = left.shape[:2]
    if min(height, width) < WINDOW:
        raise ValueError(
            f"Pictures must be at least {WINDOW}x{WINDOW} without their border. "
            f"Received: {width}x{height} after crop_border={crop_border}"
        )
    total, count = 0.0, 0
    for top in range(0, height - 2 * _RADIUS, _BAND):
        rows = slice(top, min(top + _BAND + 2 * _RADIUS, height))
        _, similarity = structural_similarity(
            left[rows],
            right[rows],
            data_range=PEAK,
            channel_axis=2 if left.ndim == 3 else None,
            gaussian_weights=True,
            sigma=_SIGMA,
            use_sample_covariance=False,
            full=True,
        )
        valid = similarity[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
        total += float(np.sum(valid))
        count += valid.size
    return total / count
