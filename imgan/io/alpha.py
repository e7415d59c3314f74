"""Colour under transparent pixels, which files leave undefined."""

import cv2
import numpy as np

from imgan.types import Array


def bleed_colour(pixels: Array, alpha: Array) -> Array:
    """Give fully transparent pixels the colour of the nearest one that is not.

    What a file keeps under transparency is mostly black. A network would smear it over
    the visible edge as a dark fringe.

    Args:
        pixels: `(height, width)` or `(height, width, 3)`.
        alpha: `(height, width)`, 0 where fully transparent.

    Returns:
        Pixels of the same shape and dtype; those that are not fully transparent are
        untouched. The input itself if nothing, or everything, is transparent.
    """
    transparent = alpha <= 0
    if not transparent.any() or transparent.all():
        return pixels
    mask = transparent.view(np.uint8)
    # Each zero (visible) pixel is its own label, each other takes the nearest's.
    _, labels = cv2.distanceTransformWithLabels(
        mask,
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    # Only pixels on the rim can be nearest to anything; the others need no index.
    near = cv2.dilate(mask, np.ones((5, 5), np.uint8)) > 0
    rim = np.flatnonzero(near & ~transparent)
    labels = labels.reshape(-1)
    hidden = np.flatnonzero(mask)
    source_of_label = np.zeros(int(labels.max()) + 1, dtype=np.int32)
    source_of_label[labels[rim]] = rim
    flat = pixels.reshape(alpha.size, *pixels.shape[2:]).copy()
    flat[hidden] = flat[source_of_label[labels[hidden]]]
    return flat.reshape(pixels.shape)
