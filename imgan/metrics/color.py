"""Luma, the channel on which super-resolution is scored, and the drift of colours."""

import numpy as np
from numpy.typing import NDArray

from imgan.types import Array

# ITU-R BT.601 luma in studio range: black is 16 and white 235 (16 + the sum).
_LUMA_WEIGHTS = np.array([65.481, 128.553, 24.966]) / 255.0
_LUMA_OFFSET = 16.0


def rgb_to_y(image: Array) -> NDArray[np.float64]:
    """Return the Y channel of MATLAB's `rgb2ycbcr`, BT.601 in studio range, unrounded.

    MATLAB rounds Y when the picture is uint8; BasicSR and the papers that score with it
    do not, and neither does imgan. On bicubic Set5 x4 that is 28.429 dB and 0.8111 here
    against 28.416 dB and 0.8101 with rounding. The published 28.42 and 0.8104 come from
    a third way, in which Y alone is reduced and enlarged; see tests/metrics.

    Args:
        image: `(height, width, 3)` RGB, uint8, or float in `[0, 255]`.

    Returns:
        `(height, width)` float64 in `[16, 235]`.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            "image must have shape (height, width, 3); replicate grey pictures first. "
            f"Received shape {image.shape}"
        )
    if image.dtype != np.uint8 and image.dtype.kind != "f":
        raise TypeError(
            f"image must be uint8, or float in [0, 255]. Received: {image.dtype.name}"
        )
    y: NDArray[np.float64] = _LUMA_OFFSET + image.astype(np.float64) @ _LUMA_WEIGHTS
    return y


def color_drift(output: Array, source: Array) -> float:
    """Return how far the mean colour of a picture is from that of its input.

    A tint that a network adds shows in the mean of the whole picture, which enlarging
    by itself leaves alone.

    Args:
        output: `(height, width)` or `(height, width, channels)`; uint8, or float in
            `[0, 255]`.
        source: What it was made from, of any size, with as many channels.

    Returns:
        The largest difference of a channel's mean, in levels of 255.
    """
    output, source = np.asarray(output), np.asarray(source)
    if output.ndim not in (2, 3) or output.shape[2:] != source.shape[2:]:
        raise ValueError(
            "output and source must be (height, width) or (height, width, channels) "
            f"with the same channels. Received: {output.shape} and {source.shape}"
        )
    means = [image.mean(axis=(0, 1), dtype=np.float64) for image in (output, source)]
    return float(np.max(np.abs(means[0] - means[1])))
