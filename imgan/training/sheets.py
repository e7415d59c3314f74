"""Sheets of samples: pictures of any sizes in rows and columns."""

from collections.abc import Sequence

import numpy as np

from imgan.types import Array

# White between the cells, pixels.
_GAP = 2


def arrange(rows: Sequence[Sequence[Array]]) -> Array:
    """Return pictures side by side on white, in cells of the largest one's size.

    Args:
        rows: Of one length; pictures `(height, width, 3)` uint8.

    Returns:
        `(height, width, 3)` uint8.
    """
    pictures = [picture for row in rows for picture in row]
    height = max(picture.shape[0] for picture in pictures) + _GAP
    width = max(picture.shape[1] for picture in pictures) + _GAP
    lines = [
        np.concatenate([_framed(picture, height, width) for picture in row], axis=1)
        for row in rows
    ]
    return np.concatenate(lines)[:-_GAP, :-_GAP]


def _framed(picture: Array, height: int, width: int) -> Array:
    """Return a picture with white below and beside it."""
    below, beside = height - picture.shape[0], width - picture.shape[1]
    return np.pad(picture, ((0, below), (0, beside), (0, 0)), constant_values=255)
