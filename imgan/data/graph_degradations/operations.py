"""Blur, resize and noise of batches."""

from fractions import Fraction
from typing import Any

import numpy as np
import tensorflow as tf

from imgan.config.degradation import RESIZE_MODES
from imgan.data.resize import resample_axis
from imgan.data.resize import resample_weights

# Luma of ITU-R BT.601.
_LUMA = (0.299, 0.587, 0.114)

# OpenCV's slope of cubic interpolation.
_CUBIC = -0.75

# Counts of photons up to this mean are drawn exactly.
_EXACT_MEAN = 8.0
# Above it no count is likelier than 1e-7.
_LARGEST_COUNT = 28.0


def blur(images: Any, kernels: Any) -> Any:
    """Blur each sample by its own symmetric kernel; images are mirrored at the border.

    The border row itself is not doubled. Images may be smaller than kernels.

    Args:
        images: `(batch, height, width, channels)` float32.
        kernels: `(batch, size, size)` float32, odd static size.
    """
    batch, height, width, channels = tf.unstack(tf.shape(images))
    reach = kernels.shape[1] // 2
    padded = tf.gather(images, _mirrored(height, reach), axis=1)
    padded = tf.gather(padded, _mirrored(width, reach), axis=2)
    # A convolution that keeps channels apart knows no batch of kernels, so samples
    # become channels.
    apart = tf.reshape(
        tf.transpose(padded, (1, 2, 0, 3)),
        (1, height + 2 * reach, width + 2 * reach, batch * channels),
    )
    filters = tf.repeat(tf.transpose(kernels, (1, 2, 0)), channels, axis=2)
    blurred = tf.nn.depthwise_conv2d(apart, filters[..., None], [1, 1, 1, 1], "VALID")
    blurred = tf.reshape(blurred, (height, width, batch, channels))
    return tf.ensure_shape(tf.transpose(blurred, (2, 0, 1, 3)), images.shape)


def resize(images: Any, height: Any, width: Any, mode: Any) -> Any:
    """Resize a batch as OpenCV does; bilinear and bicubic do not antialias.

    Args:
        images: `(batch, height, width, channels)` float32.
        height: Of the result, int32 scalar.
        width: Of the result, int32 scalar.
        mode: int32 scalar, an index into `RESIZE_MODES`, or a mode by name.

    Returns:
        `(batch, height, width, channels)` float32.
    """
    old_height, old_width = tf.unstack(tf.shape(images)[1:3])
    # Of area, one side that grows changes what is done to the other.
    grows = (height > old_height) | (width > old_width)
    rows = _weights(old_height, height, mode, grows)
    columns = _weights(old_width, width, mode, grows)
    return _resample(images, rows, columns)


def reduce_bicubic(images: Any, scale: int) -> Any:
    """Reduce a batch as MATLAB does, which antialiases; nothing is rounded or clipped.

    Args:
        images: `(batch, scale * height, scale * width, channels)` float32 of static
            height and width.
        scale: Ratio of old to new sides.

    Returns:
        `(batch, height, width, channels)` float32.
    """
    rows, columns = (_reduction(side, scale) for side in images.shape[1:3])
    return _resample(images, rows, columns)


def _resample(images: Any, rows: Any, columns: Any) -> Any:
    """Make each new pixel of old ones by `(new, old)` weights of either axis."""
    images = tf.einsum("oh,bhwc->bowc", rows, images)
    return tf.einsum("pw,bowc->bopc", columns, images)


def _reduction(side: int, scale: int) -> Any:
    """Return how much each old pixel counts in each new one, `(side / scale, side)`."""
    taps = resample_weights(side, side // scale, Fraction(1, scale))
    return tf.constant(resample_axis(np.eye(side), *taps, axis=0), tf.float32)


def add_noise(images: Any, normal: Any, gaussian: Any, strength: Any, grey: Any) -> Any:
    """Add Gaussian or Poisson noise to each sample.

    Poisson noise is that of Real-ESRGAN: white stands for as many photons as the sample
    has distinct 8-bit values, rounded up to a power of two. Counts come from `normal`
    too: exactly up to a mean of 8, above it by the first terms of the Cornish-Fisher
    expansion, rounded to whole photons, whose variance is up to 2 % too large.

    Args:
        images: `(batch, height, width, channels)` float32 in [0, 1].
        normal: float32 of the same shape, standard normal.
        gaussian: bool `(batch,)`; the rest is Poisson noise.
        strength: float32 `(batch,)`: the deviation in levels of 255, or what Poisson
            noise is multiplied with.
        grey: bool `(batch,)`: the same noise in all channels.

    Returns:
        float32 of the same shape, clipped to [0, 1].
    """
    images = tf.convert_to_tensor(images)
    grey, gaussian, strength = map(_column, (grey, gaussian, strength))
    normal = tf.where(grey, normal[..., :1], normal)
    noise = normal / 255.0
    shot = _shot_noise(tf.where(grey, luma(images), images), normal)
    noise = tf.where(gaussian, noise, shot)
    return tf.clip_by_value(images + noise * strength, 0.0, 1.0)


def luma(images: Any) -> Any:
    """Return `(batch, height, width, 1)`: luma of RGB, the mean of other channels."""
    images = tf.convert_to_tensor(images)
    if images.shape[-1] == 3:
        return tf.reduce_sum(images * _LUMA, axis=3, keepdims=True)
    return tf.reduce_mean(images, axis=3, keepdims=True)


def to_levels(images: Any) -> Any:
    """Return the nearest of the levels 0 to 255, as float32."""
    return tf.round(tf.clip_by_value(images, 0.0, 1.0) * 255.0)


def to_8_bits(images: Any) -> Any:
    """Round to the nearest of 256 levels in [0, 1]."""
    return to_levels(images) / 255.0


def _shot_noise(images: Any, normal: Any) -> Any:
    levels = to_levels(images)
    photons = _column(_photons(levels))
    expected = levels * (photons / 255.0)
    return (_poisson(expected, normal) - expected) / photons


def _photons(levels: Any) -> Any:
    """Return the power of two from the number of distinct levels on, `(batch,)`."""
    batch = tf.shape(levels)[0]
    flat = tf.reshape(tf.cast(levels, tf.int32), (batch, -1))
    flat += 256 * tf.range(batch)[:, None]
    seen = tf.math.unsorted_segment_max(
        tf.ones_like(flat), flat, 256 * batch, name="seen"
    )
    # A segment that nothing belongs to is a large negative number.
    distinct = tf.reduce_sum(tf.maximum(tf.reshape(seen, (batch, 256)), 0), axis=1)
    doublings = tf.reduce_sum(
        tf.cast(distinct[:, None] > [1, 2, 4, 8, 16, 32, 64, 128], tf.float32), axis=1
    )
    return tf.pow(2.0, doublings)


def _poisson(mean: Any, normal: Any) -> Any:
    """Return counts of a mean, by the quantile that a normal number stands for."""
    small = tf.minimum(mean, _EXACT_MEAN)
    below = 0.5 * tf.math.erfc(-normal * 0.5**0.5)
    density = tf.exp(-small)
    # A loop of the graph: unrolled it would be a good part of the chain's operations.
    state = (tf.constant(1.0), density, density, tf.zeros_like(mean))

    def step(number: Any, density: Any, reached: Any, count: Any) -> tuple[Any, ...]:
        count += tf.cast(below > reached, tf.float32)
        density *= small / number
        return number + 1.0, density, reached + density, count

    count = tf.while_loop(
        lambda number, *_: number <= _LARGEST_COUNT, step, state, parallel_iterations=1
    )[-1]
    root = tf.sqrt(tf.maximum(mean, _EXACT_MEAN))
    square = normal**2
    expansion = mean + root * normal + (square - 1.0) / 6.0
    expansion += normal * (1.0 - square) / (72.0 * root)
    large = tf.maximum(tf.round(expansion), 0.0)
    return tf.where(mean <= _EXACT_MEAN, count, large)


def _mirrored(side: Any, reach: int) -> Any:
    """Return which pixels stand at -reach to side + reach, the border not doubled."""
    period = tf.maximum(2 * (side - 1), 1)
    positions = tf.math.floormod(tf.range(-reach, side + reach), period)
    # A side of one pixel has nothing to be mirrored.
    return tf.minimum(tf.minimum(positions, period - positions), side - 1)


def _weights(old: Any, new: Any, mode: Any, grows: Any) -> Any:
    """Return how much each old pixel counts in each new one, `(new, old)` float32.

    In float64, as OpenCV computes positions.
    """
    ratio = 1.0 / (tf.cast(new, tf.float64) / tf.cast(old, tf.float64))
    at = tf.range(new)
    forms = {
        "area": lambda: tf.cond(
            grows,
            lambda: _area_enlarged(at, old, ratio),
            lambda: _area_reduced(at, old, ratio),
        ),
        "bilinear": lambda: _bilinear(at, old, ratio),
        "bicubic": lambda: _bicubic(at, old, ratio),
    }
    if isinstance(mode, str):
        weights = forms[mode]()
    else:
        weights = tf.switch_case(
            tf.convert_to_tensor(mode), [forms[name] for name in RESIZE_MODES]
        )
    return tf.cast(weights, tf.float32)


def _area_reduced(at: Any, old: Any, ratio: Any) -> Any:
    first = tf.cast(at, tf.float64)[:, None] * ratio
    last = tf.minimum(first + ratio, tf.cast(old, tf.float64))
    pixel = tf.range(old, dtype=tf.int32)
    left = tf.cast(pixel, tf.float64)[None, :]
    covered = tf.minimum(last, left + 1.0) - tf.maximum(first, left)
    return tf.maximum(covered, 0.0) / (last - first)


def _area_enlarged(at: Any, old: Any, ratio: Any) -> Any:
    at = tf.cast(at, tf.float64)
    left = tf.floor(at * ratio)
    part = at + 1.0 - (left + 1.0) / ratio
    part = tf.where(part <= 0.0, tf.zeros_like(part), part - tf.floor(part))
    return _between(left + part, old)


def _bilinear(at: Any, old: Any, ratio: Any) -> Any:
    return _between((tf.cast(at, tf.float64) + 0.5) * ratio - 0.5, old)


def _between(position: Any, old: Any) -> Any:
    """Return weights of the two pixels about a position, one at the border."""
    last = tf.cast(old - 1, tf.float64)
    position = tf.clip_by_value(position, tf.zeros_like(last), last)
    pixels = tf.cast(tf.range(old), tf.float64)
    distance = tf.abs(position[:, None] - pixels[None, :])
    return tf.maximum(1.0 - distance, 0.0)


def _bicubic(at: Any, old: Any, ratio: Any) -> Any:
    position = (tf.cast(at, tf.float64) + 0.5) * ratio - 0.5
    left = tf.floor(position)
    weights = tf.zeros((tf.shape(at)[0], old), tf.float64)
    for tap in (-1, 0, 1, 2):
        distance = tf.abs(position - left - tap)
        near = ((_CUBIC + 2.0) * distance - (_CUBIC + 3.0)) * distance**2 + 1.0
        far = _CUBIC * (((distance - 5.0) * distance + 8.0) * distance - 4.0)
        weight = tf.where(distance <= 1.0, near, far)
        # Beyond the border its pixel is repeated.
        pixel = tf.clip_by_value(tf.cast(left, tf.int32) + tap, 0, old - 1)
        weights += weight[:, None] * tf.one_hot(pixel, old, dtype=tf.float64)
    return weights


def _column(values: Any) -> Any:
    return tf.reshape(values, (-1, 1, 1, 1))
