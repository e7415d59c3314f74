"""What JPEG does to pictures, computed instead of written to files.

Baseline JPEG as libjpeg codes it: YCbCr of ITU-R BT.601, colour at half resolution
(4:2:0), blocks of 8x8, the example tables of the standard's annex K scaled by quality,
and colour enlarged by the triangle filter. Only the entropy coder is missing, as it
loses nothing. No gradient passes: what is rounded stays rounded.
"""

from typing import Any

import numpy as np
import tensorflow as tf
from scipy.fft import dct

from imgan.data.graph_degradations.operations import to_levels
from imgan.types import Array

# ITU-T T.81, tables K.1 and K.2, row by row.
_LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61)
    + (12, 12, 14, 19, 26, 58, 60, 55)
    + (14, 13, 16, 24, 40, 57, 69, 56)
    + (14, 17, 22, 29, 51, 87, 80, 62)
    + (18, 22, 37, 56, 68, 109, 103, 77)
    + (24, 35, 55, 64, 81, 104, 113, 92)
    + (49, 64, 78, 87, 103, 121, 120, 101)
    + (72, 92, 95, 98, 112, 100, 103, 99)
)
_COLOR_TABLE = (
    (17, 18, 24, 47, 99, 99, 99, 99)
    + (18, 21, 26, 66, 99, 99, 99, 99)
    + (24, 26, 56, 99, 99, 99, 99, 99)
    + (47, 66, 99, 99, 99, 99, 99, 99)
    + (99,) * 32
)


def _transform() -> Array:
    """Return the 8x8 cosine transform as one matrix, for flat blocks."""
    one = dct(np.eye(8), axis=0, norm="ortho")
    return np.kron(one, one).astype(np.float32)


_BLOCK = 8
_TRANSFORM = _transform()


def compress_jpeg(images: Any, quality: Any) -> Any:
    """Return batches as they come out of JPEG files.

    Args:
        images: `(batch, height, width, 1 or 3)` float32 in [0, 1]; rounded to 8 bits
            first.
        quality: int32 `(batch,)`, 1 (worst) to 100.

    Returns:
        8-bit levels as float32 in [0, 1], in the shape of `images`.
    """
    levels = to_levels(images)
    luma_table = quantisation(quality, _LUMA_TABLE)
    if images.shape[-1] == 1:
        return _coded(levels, luma_table) / 255.0
    red, green, blue = tf.split(levels, 3, axis=3)
    y = tf.round(0.299 * red + 0.587 * green + 0.114 * blue)
    blue_difference = -0.168735892 * red - 0.331264108 * green + 0.5 * blue
    red_difference = 0.5 * red - 0.418687589 * green - 0.081312411 * blue
    color = tf.round(tf.concat([blue_difference, red_difference], axis=3) + 128.0)
    y = _coded(y, luma_table)
    color = _coded(_halved(color), quantisation(quality, _COLOR_TABLE))
    color = _doubled(color, tf.shape(images)) - 128.0
    rgb = tf.concat(
        [
            y + 1.402 * color[..., 1:],
            y - 0.344136286 * color[..., :1] - 0.714136286 * color[..., 1:],
            y + 1.772 * color[..., :1],
        ],
        axis=3,
    )
    return tf.clip_by_value(tf.round(rgb), 0.0, 255.0) / 255.0


def quantisation(quality: Any, table: tuple[int, ...]) -> Any:
    """Return a table at some qualities, as libjpeg scales it: `(batch, 64)` float32."""
    percent = tf.where(quality < 50, 5000 // tf.maximum(quality, 1), 200 - 2 * quality)
    scaled = (tf.constant(table) * percent[:, None] + 50) // 100
    return tf.cast(tf.clip_by_value(scaled, 1, 255), tf.float32)


def _coded(planes: Any, table: Any) -> Any:
    """Quantise the cosine transform of each block of `(batch, h, w, planes)` levels."""
    batch, height, width, count = tf.unstack(tf.shape(planes))
    down, right = -(-height // _BLOCK), -(-width // _BLOCK)
    padded = _repeated(planes, down * _BLOCK, right * _BLOCK) - 128.0
    # (batch, down, 8, right, 8, planes) -> (batch, down, right, planes, 64)
    split = tf.reshape(padded, (batch, down, _BLOCK, right, _BLOCK, count))
    blocks = tf.transpose(split, (0, 1, 3, 5, 2, 4))
    blocks = tf.reshape(blocks, (batch, down * right * count, _BLOCK**2))
    steps = table[:, None, :]
    coefficients = tf.matmul(blocks, _TRANSFORM, transpose_b=True)
    coefficients = tf.round(coefficients / steps) * steps
    blocks = tf.matmul(coefficients, _TRANSFORM)
    blocks = tf.reshape(blocks, (batch, down, right, count, _BLOCK, _BLOCK))
    whole = tf.reshape(
        tf.transpose(blocks, (0, 1, 4, 2, 5, 3)),
        (batch, down * _BLOCK, right * _BLOCK, count),
    )
    levels = tf.clip_by_value(tf.round(whole + 128.0), 0.0, 255.0)
    return tf.ensure_shape(levels[:, :height, :width], planes.shape)


def _halved(planes: Any) -> Any:
    """Average 2x2 pixels, the half of a level in turn down and up, as libjpeg does."""
    batch, height, width, count = tf.unstack(tf.shape(planes))
    down, right = -(-height // 2), -(-width // 2)
    # Columns are repeated before they are averaged, to the end of the last block.
    columns = -(-right // _BLOCK) * _BLOCK
    padded = _repeated(planes, 2 * down, 2 * columns)
    total = tf.reduce_sum(
        tf.reshape(padded, (batch, down, 2, columns, 2, count)), axis=(2, 4)
    )
    bias = tf.cast(1 + tf.range(columns) % 2, tf.float32)[:, None]
    return tf.floor((total + bias) / 4.0)


def _doubled(planes: Any, shape: Any) -> Any:
    """Enlarge by weights of 3/4 and 1/4, the border repeated, to a shape's size."""
    height, width = shape[1], shape[2]
    down, right = -(-height // 2), -(-width // 2)
    planes = planes[:, :down, :right]
    above, below = _shifted(planes, 1, down, -1), _shifted(planes, 1, down, 1)
    rows = _interleaved(3.0 * planes + above, 3.0 * planes + below, axis=1)
    before, after = _shifted(rows, 2, right, -1), _shifted(rows, 2, right, 1)
    # In sixteenths; halves go up at the left of each pair, down at its right.
    doubled = _interleaved(
        tf.floor((3.0 * rows + before + 8.0) / 16.0),
        tf.floor((3.0 * rows + after + 7.0) / 16.0),
        axis=2,
    )
    return doubled[:, :height, :width]


def _shifted(planes: Any, axis: int, side: Any, by: int) -> Any:
    return tf.gather(
        planes, tf.clip_by_value(tf.range(side) + by, 0, side - 1), axis=axis
    )


def _interleaved(first: Any, second: Any, axis: int) -> Any:
    shape = tf.unstack(tf.shape(first))
    shape[axis] *= 2
    return tf.reshape(tf.stack([first, second], axis=axis + 1), shape)


def _repeated(planes: Any, height: Any, width: Any) -> Any:
    """Repeat the last row and column up to a size."""
    rows = tf.minimum(tf.range(height), tf.shape(planes)[1] - 1)
    columns = tf.minimum(tf.range(width), tf.shape(planes)[2] - 1)
    return tf.gather(tf.gather(planes, rows, axis=1), columns, axis=2)
