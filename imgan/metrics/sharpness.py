"""How strong the edges and the texture of a picture are."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgan.metrics.color import rgb_to_y
from imgan.types import Array

# Sobel's kernel weighs 4 pixels on each side, two pixels apart.
_SOBEL_SUM = 8.0


def gradient_energy(image: Array, *, crop_border: int = 0) -> float:
    """Return the mean squared Sobel gradient of luma, in squared levels per pixel.

    A measure of sharpness that needs no truth: blur lowers it, edges and texture raise
    it, and so does noise. A ramp that rises by one level per pixel has 1; levels are
    those of Y for RGB (see `rgb_to_y`), 219/255 of a level of grey.

    Args:
        image: `(height, width, 3)` RGB or `(height, width)` of one channel, taken as it
            is; uint8, or float in `[0, 255]`.
        crop_border: Pixels ignored on each side, beside the outermost, which have no
            gradient.
    """
    image = np.asarray(image)
    skipped = crop_border + 1
    if image.ndim not in (2, 3) or crop_border < 0 or _inside(image, skipped) < 1:
        raise ValueError(
            "image must be (height, width) or (height, width, 3), of at least 3x3 "
            f"without its border. Received: {image.shape}, crop_border={crop_border}"
        )
    y = (rgb_to_y(image) if image.ndim == 3 else image).astype(np.float32)
    inner = slice(skipped, -skipped)
    total: NDArray[np.float64] = np.zeros(1)
    for order in ((1, 0), (0, 1)):
        gradient = cv2.Sobel(y, cv2.CV_32F, *order, scale=1 / _SOBEL_SUM)[inner, inner]
        total += np.mean(np.square(gradient, out=gradient), dtype=np.float64)
    return float(total[0])


def gradient_magnitude(image: Array, *, crop_border: int = 0) -> float:
    """Return the mean length of the gradient of luma, in levels per pixel.

    By differences of neighbours. Unlike the energy it counts faint texture in many
    places as much as a few strong edges, so it tells a picture with grain from a
    smoothed one.

    Args:
        image: As in `gradient_energy`.
        crop_border: Pixels ignored on each side.
    """
    image = np.asarray(image)
    y = (rgb_to_y(image) if image.ndim == 3 else image).astype(np.float64)
    inner = slice(crop_border, -crop_border or None)
    y = y[inner, inner]
    if min(y.shape) <= 1:
        raise ValueError(
            "image must be at least 2x2 without its border. "
            f"Received: {image.shape}, crop_border={crop_border}"
        )
    down, right = np.diff(y, axis=0)[:, :-1], np.diff(y, axis=1)[:-1]
    return float(np.hypot(down, right).mean())


def sharpness(image: Array, truth: Array, *, crop_border: int = 0) -> float:
    """Return the gradient energy of a picture relative to that of the true one.

    1: as sharp as the truth. Below: blurred, as pictures of a pixel loss are. Above:
    sharpened or noisy.

    Args:
        image: As in `gradient_energy`.
        truth: The same shape.
        crop_border: Pixels ignored on each side.

    Returns:
        The ratio; 1 for two flat pictures, infinity if only the truth is flat.
    """
    own = gradient_energy(image, crop_border=crop_border)
    true = gradient_energy(truth, crop_border=crop_border)
    if true == 0.0:
        return 1.0 if own == 0.0 else math.inf
    return own / true


def _inside(image: Array, skipped: int) -> int:
    return min(image.shape[:2]) - 2 * skipped
