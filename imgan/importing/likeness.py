"""Whether an enlarger's results resemble what they are made of."""

import math
from typing import Any

import numpy as np

from imgan.types import Array

LEAST_LIKENESS = 12.0
"""dB from which on a result shows the same picture at all."""

_SIDE = 16


def likeness(network: Any) -> float | None:
    """Return how a result, reduced again, resembles a fixed picture.

    A network that was put together wrongly, or is given values of another range, makes
    something else; one that was put together rightly may still draw finer or smoother.

    Args:
        network: That enlarges pictures by a whole number.

    Returns:
        Peak signal to noise ratio in dB, of values clipped to the output's range; at
        most 100. Pictures with and without colours are compared without; None: the
        channels are others, so that there is nothing to compare.
    """
    from imgan.networks.stepwise import compute

    channels = {network.input_shape[-1], network.output_shape[-1]}
    if len(channels) > 1 and 1 not in channels:
        return None
    side = max(_SIDE, network.minimum_size)
    side = -(-side // network.size_multiple) * network.size_multiple
    picture = _picture(side, network.input_shape[-1])
    low, high = network.input_range
    made = compute(network, picture * (high - low) + low)
    low, high = network.output_range
    values = np.clip((made - low) / (high - low), 0.0, 1.0)
    step = values.shape[1] // side
    shape = (1, side, step, side, step, values.shape[-1])
    reduced = values.reshape(shape).mean((2, 4))
    if len(channels) > 1:
        reduced, picture = (x.mean(-1, keepdims=True) for x in (reduced, picture))
    error = np.mean((reduced - picture) ** 2)
    return 100.0 if error <= 1e-10 else float(-10 * math.log10(error))


def _picture(side: int, channels: int) -> Array:
    """Return smooth waves of light, another one in each channel, in [0, 1]."""
    y, x = np.mgrid[:side, :side] / _SIDE
    phases = np.arange(channels)
    waves = np.sin(5 * x[..., None] + 4 * y[..., None] + phases)
    return (0.5 + 0.3 * waves)[None].astype(np.float32)
