"""What is remembered of a picture: a thumbnail, and how alike two of them are."""

import cv2
import numpy as np

from imgan.types import Array

SIDE = 32
"""Cells of a thumbnail along each side, whatever the shape of the picture."""

_HASHED = 8  # coefficients of the DCT along each side
_DETAIL_SIGMA = 4.0  # cells; what is coarser does not tell pictures apart


def to_luma(image: Array) -> Array:
    """Return `(height, width)` float32 luma, or the mean of other than three bands.

    Args:
        image: `(height, width)` or `(height, width, channels)`, of any dtype that
            OpenCV holds.
    """
    if image.ndim == 3:
        if image.shape[2] == 3:
            image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        else:
            image = image.mean(axis=2, dtype=np.float32)
    return image.astype(np.float32)


def thumbnail(luma: Array) -> Array:
    """Return means over `SIDE` times `SIDE` cells of a luma picture, float32."""
    small: Array = cv2.resize(luma, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return small


def detail_vector(thumb: Array) -> Array:
    """Return a thumbnail's detail as a unit vector, `(SIDE * SIDE,)` float32.

    The product of two of them is a correlation that neither brightness, contrast nor a
    gradient of light changes. Without any detail it is all zeros.
    """
    detail = _detail(thumb).ravel()
    length = float(np.linalg.norm(detail))
    if length < 1e-6 * detail.size:
        return np.zeros(detail.size, np.float32)
    return np.asarray(detail / length, np.float32)


def detail_spread(thumb: Array) -> float:
    """Return the standard deviation of a thumbnail's detail, in its own unit."""
    return float(_detail(thumb).std())


def perceptual_hash(thumb: Array) -> int:
    """Return 64 bits that change little when a picture is compressed or resized.

    Each bit says whether one of the lowest coefficients of the DCT is above their
    median.
    """
    coefficients = cv2.dct(thumb)[:_HASHED, :_HASHED].ravel()
    # The first is the mean brightness, which says nothing about content.
    bits = coefficients > np.median(coefficients[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _detail(thumb: Array) -> Array:
    detail: Array = thumb - cv2.GaussianBlur(thumb, (0, 0), _DETAIL_SIGMA)
    return detail
