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
