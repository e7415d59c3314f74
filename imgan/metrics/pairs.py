"""What PSNR and SSIM share: two pictures, one channel, no border."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imgan.metrics.color import rgb_to_y
from imgan.types import Array

Channel = Literal["y", "rgb"]
"""What is compared: luma of RGB, or all channels together, of any number."""

PEAK = 255.0
"""White of 8 bits. It is the peak on Y too, although Y itself ends at 235."""


def scored_pixels(
    a: Array, b: Array, crop_border: int, channel: Channel
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the parts of two pictures that a score compares.

    Args:
        a: `(height, width, channels)` or `(height, width)` of one channel, taken as it
            is; uint8, or float in `[0, 255]`.
        b: The same shape.
        crop_border: Pixels ignored on each side.
        channel: `"y"` reduces RGB to luma; `"rgb"` keeps all channels.

    Returns:
        Two float64 arrays of equal shape, `(height, width)` or `(height, width,
        channels)`.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.ndim not in (2, 3):
        raise ValueError(
            "Pictures must have one shape, (height, width[, channels]). "
            f"Received: {a.shape} and {b.shape}"
        )
    if channel not in ("y", "rgb"):
        raise ValueError(f'channel must be "y" or "rgb". Received: {channel!r}')
    if crop_border < 0 or 2 * crop_border >= min(a.shape[:2]):
        raise ValueError(
            "crop_border must leave at least one pixel. "
            f"Received: crop_border={crop_border} for shape {a.shape}"
        )
    inner = slice(crop_border, -crop_border or None)
    a, b = a[inner, inner], b[inner, inner]
    if channel == "y" and a.ndim == 3:
        return rgb_to_y(a), rgb_to_y(b)
    return a.astype(np.float64), b.astype(np.float64)
