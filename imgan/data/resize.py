"""Bicubic resampling that equals MATLAB's `imresize`, the reference of the field.

The low-resolution pictures of every super-resolution benchmark were made with it, and
other resizers differ: OpenCV and TensorFlow take a = -0.75 or no antialiasing, Pillow
clamps its weights at the border. Here, as in MATLAB:

* Keys' cubic kernel with a = -0.5 (Keys, 1981, equation 15), stretched by `1 / scale`
  when reducing, so that it also removes what the small picture cannot hold;
* pixel centres at half integers, `u = (x + 0.5) / scale - 0.5`;
* beyond the border the picture is mirrored, its first row twice (symmetric);
* one axis after the other, the one that shrinks more first, rows first if equal;
* integer pictures are rounded (half away from zero) and clipped after *each* axis.
"""

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgan.types import Array
from imgan.types import Size

Scale = float | Fraction
"""Ratio of output to input length; floats are read as the simple ratio they mean."""

_DTYPES = ("uint8", "uint16", "float32", "float64")

# Exact halves must round up whatever order the linear algebra library sums in, or the
# same picture would differ by one level between machines.
_TIE = 1e-9

# Values of one block in float64 (8 MB), so that blocks stay in or near the cache.
_BLOCK_VALUES = 1 << 20


def resize_bicubic(
    image: Array,
    scale: Scale | None = None,
    size: Size | None = None,
    *,
    antialias: bool = True,
) -> Array:
    """Resize a picture as MATLAB's `imresize(image, scale, "bicubic")` does.

    Args:
        image: `(height, width)` or `(height, width, channels)`, uint8, uint16, float32
            or float64, of any value range.
        scale: Ratio of output to input; the output has `ceil(side * scale)` pixels.
        size: Output size. Alone it stretches each axis to fit; together with `scale`
            it only says how many pixels are wanted at that ratio.
        antialias: Widen the kernel when reducing.

    Returns:
        The resized picture in the dtype of the input; floats are neither rounded nor
        clipped.
    """
    image = np.asarray(image)
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(
            "image must be a non-empty (height, width) or (height, width, channels) "
            f"array. Received shape {image.shape}"
        )
    if image.dtype.name not in _DTYPES:
        raise TypeError(
            f"image must be one of {', '.join(_DTYPES)}. Received: {image.dtype.name}"
        )
    if size is not None and min(size) < 1:
        raise ValueError(f"size must be at least 1 x 1. Received: {Size(*size)}")
    scales = _axis_scales(image, scale, size)
    lengths = size or Size(*(output_length(image.shape[i], scales[i]) for i in (0, 1)))
    for axis in sorted((0, 1), key=lambda i: scales[i]):
        if scales[axis] == 1 and lengths[axis] == image.shape[axis]:
            continue
        indices, weights = resample_weights(
            image.shape[axis], lengths[axis], scales[axis], antialias
        )
        image = resample_axis(image, indices, weights, axis)
    return image


def output_length(length: int, scale: Scale) -> int:
    """Return how many pixels a side of `length` pixels has after resizing."""
    return math.ceil(length * as_ratio(scale))


def as_ratio(scale: Scale) -> Fraction:
    """Return the simple fraction that a float stands for: 0.1 means 1/10.

    Taken literally, `ceil(30 * 0.1)` would be 4. Six digits of denominator move the
    last of 100,000 pixels by less than a millionth, and keep positions in 64 bits.
    """
    if not scale > 0 or not math.isfinite(scale):
        raise ValueError(f"scale must be a positive number. Received: scale={scale}")
    ratio = Fraction(scale).limit_denominator(1_000_000)
    if ratio <= 0:
        raise ValueError(f"scale must be at least 1e-6. Received: scale={scale}")
    return ratio


def resample_weights(
    in_length: int, out_length: int, scale: Scale, antialias: bool = True
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return which inputs make each output of one axis, and their weights.

    Output `x` is `sum(weights[x] * values[indices[x]])`. A row depends on global
    coordinates only, so a tile is resampled like the whole picture by taking its rows.

    Args:
        in_length: Pixels of the input along the axis.
        out_length: Pixels wanted.
        scale: Ratio of output to input coordinates.
        antialias: Widen the kernel when reducing.

    Returns:
        Two `(out_length, taps)` arrays; indices lie within the input (mirrored at its
        ends), each row of weights sums to 1.
    """
    if in_length < 1 or out_length < 1:
        raise ValueError(
            "Lengths must be at least 1. "
            f"Received: in_length={in_length}, out_length={out_length}"
        )
    ratio = as_ratio(scale)
    up, down = ratio.numerator, ratio.denominator
    wide = antialias and ratio < 1
    width = 4 / ratio if wide else Fraction(4)

    # Positions are kept as integers over 2 * up: (2x + 1) * down - up is 2 * up * u.
    position = (2 * np.arange(out_length, dtype=np.int64) + 1) * down - up
    reach = width * up  # half the width, in the same units
    first = (position - math.floor(reach)) // (2 * up)
    indices = first[:, np.newaxis] + np.arange(math.ceil(width) + 2)
    distance = position[:, np.newaxis] - 2 * up * indices
    weights = _keys_cubic(distance / (2 * (down if wide else up)))
    weights /= weights.sum(axis=1, keepdims=True)

    used = np.any(weights != 0, axis=0)
    mirrored = np.mod(indices[:, used], 2 * in_length)
    mirrored = np.minimum(mirrored, 2 * in_length - 1 - mirrored)
    return mirrored, weights[:, used]


def resample_axis(
    image: Array,
    indices: NDArray[np.int64],
    weights: NDArray[np.float64],
    axis: int,
) -> Array:
    """Apply the result of `resample_weights` along axis 0 or 1 of a picture.

    Args:
        image: `(height, width)` or `(height, width, channels)`.
        indices: `(out_length, taps)` positions along the axis.
        weights: `(out_length, taps)` weights.
        axis: 0 for rows, 1 for columns.

    Returns:
        The picture with `out_length` pixels along `axis`, in the dtype of the input;
        integers are rounded half up and clipped.
    """
    turned = np.swapaxes(image, 0, axis)
    values = np.ascontiguousarray(turned).reshape(turned.shape[0], -1)
    out: Array = np.empty((len(indices), values.shape[1]), image.dtype)
    rows = _block_rows(indices)
    columns = max(1, _BLOCK_VALUES // max(rows, _span(indices[:rows])))
    for top in range(0, len(indices), rows):
        matrix, low, high = _dense(indices[top : top + rows], weights[top : top + rows])
        for left in range(0, values.shape[1], columns):
            part = values[low:high, left : left + columns].astype(np.float64)
            out[top : top + rows, left : left + columns] = _quantise(
                matrix @ part, image.dtype
            )
    shaped = out.reshape((len(indices), *turned.shape[1:]))
    return np.ascontiguousarray(np.swapaxes(shaped, 0, axis))


def _axis_scales(
    image: Array, scale: Scale | None, size: Size | None
) -> tuple[Fraction, Fraction]:
    if scale is not None:
        return as_ratio(scale), as_ratio(scale)
    if size is None:
        raise ValueError("Give scale, size or both. Received neither")
    return Fraction(size[0], image.shape[0]), Fraction(size[1], image.shape[1])


def _keys_cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x <= 1.0, near, np.where(x <= 2.0, far, 0.0))


def _block_rows(indices: NDArray[np.int64]) -> int:
    # As many outputs as one kernel has taps: a dense block then wastes about half of
    # its products, and still beats gathering because it is one matrix product.
    return max(4, min(64, indices.shape[1] // 2))


def _span(indices: NDArray[np.int64]) -> int:
    return int(indices.max()) - int(indices.min()) + 1


def _dense(
    indices: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], int, int]:
    # (rows, taps) -> (rows, span), adding up taps that the mirror sends to one pixel.
    low = int(indices.min())
    matrix = np.zeros((len(indices), _span(indices)))
    row = np.arange(len(indices))[:, np.newaxis]
    np.add.at(matrix, (row, indices - low), weights)
    return matrix, low, low + matrix.shape[1]


def _quantise(values: NDArray[np.float64], dtype: np.dtype[Any]) -> Array:
    if dtype.kind == "f":
        return values.astype(dtype)
    # Negative values are clipped, so half away from zero is half up.
    values += 0.5 + _TIE
    np.floor(values, out=values)
    return np.clip(values, 0, np.iinfo(dtype).max, out=values).astype(dtype)
