"""Whether a file computes what the bundle does, before it gets its name."""

from typing import NamedTuple

import numpy as np

from imgan.errors import CheckpointError
from imgan.export.tensors import Feed
from imgan.export.tensors import PortableNetwork
from imgan.export.tensors import Run
from imgan.types import Array

TOLERANCES = {"float32": 1e-4, "float16": 1e-2, "int8": 5e-2}
"""Of the output's range; the largest difference, and for int8 the mean one. Other
orders of sums cost about 1e-6 in float32; rounded weights cost 3e-4 in float16, and
1e-3 where pictures are normalised by their own statistics."""


class Difference(NamedTuple):
    """How far two results are apart, in units of the output's range."""

    largest: float
    mean: float


def check_agreement(portable: PortableNetwork, run: Run, precision: str) -> str:
    """Compare a file with the Keras network, on two inputs of different sizes.

    Args:
        portable: The network.
        run: What the runtime makes of the file.
        precision: Of the file.

    Returns:
        How near they are, in a line for the user.

    Raises:
        CheckpointError: If they differ by more than rounding.
    """
    feeds = portable.examples()
    found = [difference(portable, portable.compute(feed), run(feed)) for feed in feeds]
    largest = max(one.largest for one in found)
    mean = max(one.mean for one in found)
    judged = mean if precision == "int8" else largest
    # A NaN is no difference within any tolerance.
    if not judged <= TOLERANCES[precision]:
        word = "on average" if precision == "int8" else "at most"
        raise CheckpointError(
            f"The export of {portable.card.name!r} must compute what its bundle does, "
            f"within {TOLERANCES[precision]:g} of its range. Received: {judged:.2g} "
            f"{word} in {precision}. {_advice(precision)}"
        )
    sizes = " and ".join(_size(portable, feed) for feed in feeds)
    if largest == 0.0:
        return f"parity with the bundle: equal ({sizes})"
    return (
        f"parity with the bundle: at most {largest:.1g} of the range apart, "
        f"{mean:.1g} on average ({sizes})"
    )


def difference(
    portable: PortableNetwork,
    expected: Array,
    made: Array,
) -> Difference:
    """Return how far two results of a network are apart.

    Args:
        portable: The network.
        expected: Result of Keras.
        made: Of the same shape; otherwise they are infinitely far apart.
    """
    if made.shape != expected.shape:
        return Difference(np.inf, np.inf)
    apart = np.abs(made.astype(np.float64) - expected) / portable.span
    return Difference(float(apart.max()), float(apart.mean()))


def _size(portable: PortableNetwork, feed: Feed) -> str:
    first = next(iter(feed.values()))
    if portable.draws:
        return f"{len(first)} pictures"
    return f"{first.shape[2]}x{first.shape[1]}"


def _advice(precision: str) -> str:
    if precision == "float32":
        return "Report it with imgan info"
    if precision == "int8":
        return "Calibrate on other pictures, or use --precision float16"
    return "Use --precision float32"
