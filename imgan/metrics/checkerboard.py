"""The pattern that depth-to-space can leave in an enlarged picture."""

import cv2
import numpy as np

from imgan.types import Array


def checkerboard(image: Array, scale: int) -> float:
    """Return how strong a pattern of period `scale` is, in levels of 255.

    Depth-to-space makes every pixel of a `scale` by `scale` cell with weights of its
    own; where these disagree, a flat place shows a grid (Odena et al., 2016). What is
    left after a low pass is averaged over each of the `scale²` places in the cell; the
    result is the standard deviation of these means. The low pass, a triangle of
    `2 scale - 1` pixels, takes out all of such a pattern and nothing of a gradient.

    Meant for what a network makes of flat pictures and of gradients. In a photograph
    the means of a finite number of pixels differ a little by themselves. The rounding
    of a gradient to whole levels can have the period too: pass floats.

    Args:
        image: `(height, width)` or `(height, width, channels)`; uint8, or float in
            `[0, 255]`.
        scale: The period, 2 or more. Patterns of its divisors count as well.

    Returns:
        The largest value of all channels; 0 where there is no pattern.
    """
    image = np.asarray(image)
    margin = scale - 1
    least = 2 * margin + scale
    if scale < 2 or image.ndim not in (2, 3) or min(image.shape[:2]) < least:
        raise ValueError(
            f"scale must be 2 or more, and image (height, width[, channels]) with "
            f"sides of at least 3 scale - 2. Received: scale={scale}, {image.shape}"
        )
    values = image.reshape(*image.shape[:2], -1).astype(np.float64)
    triangle = np.convolve(np.ones(scale), np.ones(scale)) / scale**2
    strongest = 0.0
    for channel in np.moveaxis(values, 2, 0):
        channel = np.ascontiguousarray(channel)
        residual = channel - cv2.sepFilter2D(channel, cv2.CV_64F, triangle, triangle)
        # Where the filter looked beyond the border the pattern is not taken out.
        residual = residual[margin:-margin, margin:-margin]
        rows, columns = (side // scale for side in residual.shape)
        cells = residual[: rows * scale, : columns * scale]
        # (rows, scale, columns, scale) -> (scale, scale)
        phases = cells.reshape(rows, scale, columns, scale).mean(axis=(0, 2))
        strongest = max(strongest, float(phases.std()))
    return strongest
