"""Peak signal-to-noise ratio."""

import math

import numpy as np

from imgan.metrics.pairs import PEAK
from imgan.metrics.pairs import Channel
from imgan.metrics.pairs import scored_pixels
from imgan.types import Array

MOST_DECIBELS = 100.0
"""What equal pictures count as in a mean, which they would make infinite otherwise."""


def psnr(a: Array, b: Array, *, crop_border: int, channel: Channel = "y") -> float:
    """Return `10 log10(255² / mean squared difference)` in decibels.

    Args:
        a: `(height, width, channels)` or `(height, width)` of one channel, taken as it
            is; uint8, or float in `[0, 255]`.
        b: The same shape; the order does not matter.
        crop_border: Pixels ignored on each side; the scale, by custom.
        channel: `"y"` for BT.601 luma of RGB, `"rgb"` for all channels together, of any
            number.

    Returns:
        Decibels; infinity for equal pictures.
    """
    left, right = scored_pixels(a, b, crop_border, channel)
    # In place: a 12-megapixel picture is 288 MB in float64.
    difference = np.subtract(left, right, out=left).ravel()
    error = float(np.dot(difference, difference)) / difference.size
    return math.inf if error == 0.0 else 10.0 * math.log10(PEAK**2 / error)
