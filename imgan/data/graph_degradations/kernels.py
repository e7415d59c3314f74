"""One kernel of blur for each sample, from numbers in tensors.

The formulas of `imgan.data.degradations.kernels`, on grids of one size for the whole
batch; a smaller kernel is 0 outside its own size.
"""

import math
from typing import Any

import tensorflow as tf

from imgan.config.degradation import KERNEL_KINDS

_ANISOTROPIC = [kind.endswith("anisotropic") for kind in KERNEL_KINDS]
_GENERALIZED = [kind.startswith("generalized_") for kind in KERNEL_KINDS]
_PLATEAU = [kind.startswith("plateau_") for kind in KERNEL_KINDS]


def gaussian_kernels(
    kind: Any,
    size: Any,
    sigma_x: Any,
    sigma_y: Any,
    angle: Any,
    beta: Any,
    grid_size: int,
) -> Any:
    """Return a kernel of a Gaussian-like family for each sample.

    Args:
        kind: int32 `(batch,)`, indices into `KERNEL_KINDS`.
        size: int32 `(batch,)`, odd sides, at most `grid_size`.
        sigma_x: float32 `(batch,)`, deviation along the first axis, pixels.
        sigma_y: float32 `(batch,)`, along the second; isotropic kinds ignore it.
        angle: float32 `(batch,)`, turn from right towards down, radians.
        beta: float32 `(batch,)`, shape of generalized and plateau kernels.
        grid_size: Side of the result, odd pixels.

    Returns:
        `(batch, grid_size, grid_size)` float32, sums 1.
    """
    anisotropic = tf.gather(_ANISOTROPIC, kind)
    sigma_y = tf.where(anisotropic, sigma_y, sigma_x)
    angle = tf.where(anisotropic, angle, 0.0)
    x, y = _grid(grid_size)
    cosine, sine = _column(tf.cos(angle)), _column(tf.sin(angle))
    along, across = cosine * x + sine * y, cosine * y - sine * x
    q = (along / _column(sigma_x)) ** 2 + (across / _column(sigma_y)) ** 2
    shaped = tf.gather(_GENERALIZED, kind) | tf.gather(_PLATEAU, kind)
    power = tf.pow(q, _column(tf.where(shaped, beta, 1.0)))
    plateau = _column(tf.gather(_PLATEAU, kind))
    values = tf.where(plateau, 1.0 / (1.0 + power), tf.exp(-0.5 * power))
    return _normalised(values, size, grid_size)


def sinc_kernels(size: Any, cutoff: Any, grid_size: int) -> Any:
    """Return an ideal low pass for each sample.

    Args:
        size: int32 `(batch,)`, odd sides, at most `grid_size`.
        cutoff: float32 `(batch,)`, highest frequency that passes, radians per pixel.
        grid_size: Side of the result, odd pixels.

    Returns:
        `(batch, grid_size, grid_size)` float32, sums 1.
    """
    x, y = _grid(grid_size)
    radius = tf.sqrt(x**2 + y**2)
    centre = radius == 0.0
    radius = tf.where(centre, 1.0, radius)
    cutoff = _column(cutoff)
    ring = tf.math.special.bessel_j1(cutoff * radius) / (2.0 * math.pi * radius)
    values = tf.where(centre, cutoff / (4.0 * math.pi), ring)
    return _normalised(cutoff * values, size, grid_size)


def identity_kernels(batch: Any, grid_size: int) -> Any:
    """Return kernels that change nothing, `(batch, grid_size, grid_size)` float32."""
    x, y = _grid(grid_size)
    one = tf.cast((x == 0.0) & (y == 0.0), tf.float32)
    return tf.tile(one, [batch, 1, 1])


def _grid(size: int) -> tuple[Any, Any]:
    positions = tf.range(size, dtype=tf.float32) - size // 2
    return positions[None, None, :], positions[None, :, None]


def _column(values: Any) -> Any:
    return values[:, None, None]


def _normalised(values: Any, size: Any, grid_size: int) -> Any:
    x, y = _grid(grid_size)
    reach = _column(tf.cast(size // 2, tf.float32))
    inside = (tf.abs(x) <= reach) & (tf.abs(y) <= reach)
    values = tf.where(inside, values, 0.0)
    return values / tf.reduce_sum(values, axis=(1, 2), keepdims=True)
