"""Give an enlarged picture back the large-scale colours of its input.

A network trained with a discriminator may tint whole places by a few levels. What the
input shows over many pixels is known for certain, so the difference there can be taken
out, and everything fine that the network made stays.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgan.types import Array
from imgan.types import dtype_peak

SIGMA = 8.0
"""Standard deviation of the low pass, in input pixels.

What repeats within 16 pixels of the input is left alone by over 99 %, which is all that
a network adds: it invents detail finer than two. A tint over 100 pixels is taken out by
88 %, a constant one wholly. Half of it would touch the contrast of objects, and twice
of it would leave blotches.
"""

# Values of a band that is worked on at once; nothing of the result depends on it.
_BAND_VALUES = 2**19


def keep_colors(
    source: Array,
    result: Array,
    *,
    raw: bool = False,
    out: Array | None = None,
) -> Array:
    """Return a result whose low frequencies are those of its source.

    The result is reduced to the size of the source by area; what is missing there goes
    through a Gaussian low pass with mirrored borders, is enlarged bilinearly and added.

    Args:
        source: `(height, width)` or `(height, width, channels)`, what the result was
            made from; without the colour of transparent pixels, see `io.alpha`.
        result: The same number of channels, any size; uint8, uint16 or float32 in
            [0, 1], as `source`.
        raw: Floats may have any value; otherwise they are clipped to [0, 1].
        out: Where to put it, of the shape and dtype of `result`, which it may be.

    Returns:
        Shape and dtype of `result`; integers are rounded half up.
    """
    if source.shape[2:] != result.shape[2:] or source.dtype != result.dtype:
        raise ValueError(
            "source and result must have the same channels and dtype. Received: "
            f"{source.shape} {source.dtype} and {result.shape} {result.dtype}"
        )
    made = np.empty_like(result) if out is None else out
    # Views, also of arrays that are not contiguous.
    if result.ndim == 2:
        views = [image[..., np.newaxis] for image in (source, result, made)]
    else:
        views = [source, result, made]
    missing = _missing(views[0], views[1])
    _low_pass(missing)
    _add(missing, views[1], views[2], raw)
    return made


def _missing(source: Array, result: Array) -> NDArray[np.float32]:
    """Return source minus reduced result, `(height, width, channels)` of the source."""
    height, width, channels = source.shape
    indices, weights = _area_taps(result.shape[0], height)
    missing = np.empty(source.shape, np.float32)
    band = max(1, _BAND_VALUES // (result.shape[1] * channels))
    for top in range(0, height, band):
        rows = slice(top, top + band)
        # (rows, width of the result, channels)
        reduced = _gather(result, indices[rows], weights[rows])
        for channel in range(channels):
            plane = cv2.resize(
                np.ascontiguousarray(reduced[..., channel]),
                (width, len(reduced)),
                interpolation=cv2.INTER_AREA,
            )
            np.subtract(source[rows, :, channel], plane, out=missing[rows, :, channel])
    return missing


def _low_pass(values: NDArray[np.float32]) -> None:
    """Blur each channel in place."""
    # 3 deviations on each side hold 99.7 % of the Gaussian.
    side = 2 * math.ceil(3 * SIGMA) + 1
    for channel in range(values.shape[2]):
        plane = np.ascontiguousarray(values[..., channel])
        values[..., channel] = cv2.GaussianBlur(
            plane, (side, side), SIGMA, borderType=cv2.BORDER_REFLECT
        )


def _add(missing: NDArray[np.float32], result: Array, out: Array, raw: bool) -> None:
    """Enlarge what is missing and add it, band by band."""
    height, width, channels = result.shape
    indices, weights = _linear_taps(missing.shape[0], height)
    floats = result.dtype == np.float32
    peak = dtype_peak(result.dtype)
    band = max(1, _BAND_VALUES // (width * channels))
    for top in range(0, height, band):
        rows = slice(top, top + band)
        narrow = _gather(missing, indices[rows], weights[rows])
        for channel in range(channels):
            values = cv2.resize(
                np.ascontiguousarray(narrow[..., channel]),
                (width, len(narrow)),
                interpolation=cv2.INTER_LINEAR,
            )
            values = np.add(values, result[rows, :, channel], dtype=np.float32)
            if not floats:
                np.floor(values + np.float32(0.5), out=values)
            if not (floats and raw):
                np.clip(values, 0, peak, out=values)
            out[rows, :, channel] = values


def _gather(
    image: Array, indices: NDArray[np.int64], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return weighted sums of rows, always added up in the same order."""
    total = np.zeros((len(indices), *image.shape[1:]), np.float32)
    part = np.empty_like(total)
    for index, weight in zip(indices.T, weights.T, strict=True):
        np.multiply(image[index], weight[:, np.newaxis, np.newaxis], out=part)
        total += part
    return total


def _area_taps(
    length: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return which of `length` pixels each of `count` covers, and by which share."""
    # In units of 1 / (length * count) every edge is a whole number.
    starts = np.arange(count, dtype=np.int64)[:, np.newaxis] * length
    indices = starts // count + np.arange(-(-length // count) + 1)
    overlap = np.minimum(starts + length, (indices + 1) * count)
    overlap = np.maximum(overlap - np.maximum(starts, indices * count), 0)
    used = overlap.any(axis=0)
    weights = (overlap[:, used] / length).astype(np.float32)
    return np.minimum(indices[:, used], length - 1), weights


def _linear_taps(
    length: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the two of `length` pixels between which each of `count` lies."""
    position = (np.arange(count) + 0.5) * length / count - 0.5
    position = np.clip(position, 0, length - 1)
    first = np.minimum(position.astype(np.int64), max(0, length - 2))
    share = (position - first).astype(np.float32)
    indices = np.stack([first, np.minimum(first + 1, length - 1)], axis=1)
    return indices, np.stack([1 - share, share], axis=1)
