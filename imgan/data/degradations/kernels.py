"""Kernels of blur: families around the Gaussian, and the sinc.

After [Real-ESRGAN](https://arxiv.org/abs/2107.10833), sections 3.1 and 3.4. All are
symmetric about their centre, so that correlation and convolution are one.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import j1

Kernel = NDArray[np.float32]
"""`(size, size)` with an odd size, sum 1."""


def gaussian_kernel(
    kind: str,
    size: int,
    sigma_x: float,
    sigma_y: float,
    angle: float,
    beta: float = 1.0,
) -> Kernel:
    """Return a kernel that falls with `q`, the squared distance in deviations.

    `q = d' C^-1 d` for the position `d` and the covariance `C`, whose axes are turned
    by `angle`. A Gaussian is `exp(-q / 2)`, a generalized one `exp(-q ** beta / 2)`,
    a plateau `1 / (1 + q ** beta)`.

    Args:
        kind: One of `imgan.config.degradation.KERNEL_KINDS`. Isotropic kinds use
            `sigma_x` alone.
        size: Side, odd pixels.
        sigma_x: Deviation along the first axis, to the right before turning, pixels.
        sigma_y: Deviation along the second axis, downwards before turning, pixels.
        angle: Turn from right towards down, radians.
        beta: Shape of generalized and plateau kernels.

    Returns:
        `(size, size)` float32, sum 1.
    """
    _check_size(size)
    if min(sigma_x, sigma_y) <= 0:
        raise ValueError(f"sigma must be above 0. Received: {sigma_x}, {sigma_y}")
    x, y = _grid(size)
    if kind.endswith("anisotropic"):
        cosine, sine = math.cos(angle), math.sin(angle)
        along, across = cosine * x + sine * y, cosine * y - sine * x
    elif kind.endswith("isotropic"):
        along, across, sigma_y = x, y, sigma_x
    else:
        raise ValueError(f"kind must name a kernel. Received: {kind!r}")
    q = (along / sigma_x) ** 2 + (across / sigma_y) ** 2
    if kind.startswith("plateau_"):
        return _normalised(1 / (1 + q**beta))
    if kind.startswith("generalized_"):
        return _normalised(np.exp(-0.5 * q**beta))
    return _normalised(np.exp(-0.5 * q))


def sinc_kernel(size: int, cutoff: float) -> Kernel:
    """Return the ideal low pass: nothing above a frequency, and therefore ringing.

    Its value at distance `r` is `cutoff J1(cutoff r) / (2 pi r)`, with the Bessel
    function of the first kind and order, and `cutoff^2 / (4 pi)` at the centre. Cut off
    by the kernel's border, it only comes near the ideal.

    Args:
        size: Side, odd pixels.
        cutoff: Highest frequency that passes, radians per pixel, up to pi.

    Returns:
        `(size, size)` float32, sum 1.
    """
    _check_size(size)
    if not 0 < cutoff <= math.pi:
        raise ValueError(f"cutoff must be within 0 and pi. Received: {cutoff}")
    radius = np.hypot(*_grid(size))
    centre = size // 2
    radius[centre, centre] = 1.0
    values = cutoff * j1(cutoff * radius) / (2 * math.pi * radius)
    values[centre, centre] = cutoff**2 / (4 * math.pi)
    return _normalised(values)


def _grid(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    positions = np.arange(size, dtype=np.float64) - size // 2
    x, y = np.meshgrid(positions, positions)
    return x, y


def _normalised(values: NDArray[np.float64]) -> Kernel:
    return (values / values.sum()).astype(np.float32)


def _check_size(size: int) -> None:
    if size < 1 or size % 2 == 0:
        raise ValueError(f"size must be an odd number of pixels. Received: {size}")
