"""What is remembered of a picture that is compared with one of another kind."""

from collections.abc import Sequence

import cv2
import numpy as np

from imgan.types import Array
from imgan.types import dtype_peak

SIDE = 64
"""Cells of a sketch along each side, whatever the shape of the picture."""

COEFFICIENTS = 40
"""Of the DCT of a sketch along each side; finer ones say little."""

_MOST_BANDS = 4  # of a picture of many, evenly chosen
_BENDS = 12  # features that bend at some colour, so that labels need no order
_SLOPE = 1.5
_MOST_MEASURED = 200  # sketches whose mean and spread stand for all


def sketch(pixels: Array) -> Array:
    """Return the colours of a picture's cells, and how strong edges are in them.

    Args:
        pixels: `(height, width[, channels])` uint8, uint16 or float32 in `[0, 1]`.

    Returns:
        `(SIDE, SIDE, features)` uint8.
    """
    bands = pixels.reshape(*pixels.shape[:2], -1)
    if bands.shape[2] > _MOST_BANDS:
        chosen = np.linspace(0, bands.shape[2] - 1, _MOST_BANDS).round().astype(int)
        bands = np.ascontiguousarray(bands[..., chosen])
    fine = _reduced(bands, 4 * SIDE).astype(np.float32)
    fine /= np.float32(dtype_peak(pixels.dtype))
    across = np.abs(np.diff(fine, axis=1, prepend=fine[:, :1])).max(axis=2)
    down = np.abs(np.diff(fine, axis=0, prepend=fine[:1])).max(axis=2)
    edges = np.sqrt(_reduced(np.stack([across, down], axis=2), SIDE))
    cells = np.concatenate([_reduced(fine, SIDE), edges], axis=2)
    return np.asarray((np.clip(cells, 0, 1) * 255).round(), np.uint8)


def spectra(sketches: Sequence[Array], seed: int) -> Array:
    """Return what varies in sketches, by frequency.

    Args:
        sketches: Of one shape.
        seed: Of the features that bend.

    Returns:
        `(sketches, COEFFICIENTS, COEFFICIENTS, features)` float32; means over all
        sketches are taken off.
    """
    step = max(1, len(sketches) // _MOST_MEASURED)
    measured = np.stack(sketches[::step]).astype(np.float32)
    mean, spread = measured.mean(axis=(0, 1, 2)), measured.std(axis=(0, 1, 2))
    channels = len(mean)
    rng = np.random.default_rng(seed)
    slopes = rng.standard_normal((channels, _BENDS)) * (_SLOPE / channels**0.5)
    offsets = rng.uniform(-1, 1, _BENDS)
    shape = (len(sketches), COEFFICIENTS, COEFFICIENTS, channels + _BENDS)
    found = np.empty(shape, np.float32)
    for cells, values in zip(sketches, found, strict=True):
        plain = (cells - mean) / (spread + 1.0)
        # Not a matrix product: threads of one would wait for each other more than work.
        bent = np.maximum(np.einsum("yxc,cb->yxb", plain, slopes) + offsets, 0)
        maps = np.concatenate([plain, bent], axis=2).astype(np.float32)
        for band, plane in enumerate(np.moveaxis(maps, 2, 0)):
            spectrum = cv2.dct(np.ascontiguousarray(plane))
            values[..., band] = spectrum[:COEFFICIENTS, :COEFFICIENTS]
    found -= found.mean(axis=0)
    return found


def _reduced(pixels: Array, side: int) -> Array:
    """Return means over squares of cells, `(side, side, channels)`."""
    small = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small).reshape(side, side, -1)
