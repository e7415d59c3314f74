"""How alike two results are, whatever the ranges they are in."""

from typing import Any

import numpy as np

from imgan.types import Array
from imgan.types import ValueRange
from imgan.types import from_range

TOLERANCE = 1e-5
"""Of the range of the result: float32, summed up in another order."""


def difference(
    ours: Any,
    made: Array,
    expected: Array,
    values: ValueRange,
    *,
    clipped: bool = False,
) -> float:
    """Return the largest difference, relative to what the expected result spans.

    Args:
        ours: The network that made the first.
        made: `(batch, height, width, channels)`, in its range.
        expected: The same of the other network.
        values: Range of the other network's results.
        clipped: Whether the other network clips them.
    """
    light = from_range(made, ours.output_range)
    light = light.clip(0, 1) if clipped else light
    expected = from_range(expected, values)
    assert light.shape == expected.shape
    return float(np.abs(light - expected).max() / np.ptp(expected))
