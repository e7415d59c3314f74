"""The halo with which tiles are good enough, measured on a picture."""

import numpy as np

from imgan.networks.base import Network
from imgan.networks.halo import halo
from imgan.networks.stepwise import compute
from imgan.types import Array


def measured_halo(
    network: Network,
    *,
    tolerance: float = 1 / 1020,
    size: int = 128,
    images: Array | None = None,
) -> tuple[int, float]:
    """Return the smallest halo with which a tile is as good as the whole picture.

    For networks whose exact halo is too wide to be practical and whose outputs hardly
    depend on most of it, less the further away. A quarter is cut off two sides of the
    picture, and then off the other two; how far from the cuts the outputs still differ
    from those of the whole picture is the halo. Halos of up to half of the picture are
    found, so that a quarter of it is left to compare.

    Args:
        network: With the weights that it will be used with.
        tolerance: Largest difference allowed, in units of the output range; a quarter
            of a level of 255.
        size: Sides of the picture, in units of the network's `size_multiple`; at least
            8. All takes about twice as long as such a picture.
        images: Pictures to measure on instead, `(batch, height, width, channels)`
            float32 in the network's range; `size` is their smaller side then. None: a
            fixed pattern of waves, edges and noise.

    Returns:
        The halo in input pixels, a multiple of `size_multiple`, and the largest
        difference with it in units of the output range. The exact halo with a
        difference of 0, if none of half of the picture is enough.

    Raises:
        ValueError: If the network sees the whole picture, or the picture is too small.
    """
    exact, unit = halo(network), network.size_multiple
    if exact is None:
        raise ValueError(
            f"{network.name} sees the whole picture, so no halo makes its tiles right."
        )
    if images is None:
        images = _pattern(network, size * unit)
    size = min(images.shape[1:3]) // unit
    if size < 8:
        raise ValueError(
            f"size must be at least 8 to hold a tile. Received: size={size}"
        )
    low, high = network.output_range
    errors = _errors_behind_cuts(network, images, size) / (high - low)
    enough = np.flatnonzero(errors <= tolerance)
    exact = -(-exact // unit)
    if not len(enough) or enough[0] >= exact:
        return exact * unit, 0.0
    return int(enough[0]) * unit, float(errors[enough[0]])


def _errors_behind_cuts(network: Network, images: Array, size: int) -> Array:
    """Largest difference in the outputs that are so many units or more from a cut.

    Args:
        network: To measure.
        images: `(batch, height, width, channels)`.
        size: Smaller side of the images in units of the network's `size_multiple`.

    Returns:
        `(size // 2 + 1,)`, from 0 units on, in the values of the output.
    """
    unit = network.size_multiple
    cut = size // 4 * unit
    whole = compute(network, images)
    step = whole.shape[1] // images.shape[1]
    # Both at once: of many layers, each takes longer to call than to compute.
    parts = [images[:, cut:, cut:], images[:, :-cut, :-cut]]
    first, second = np.split(compute(network, np.concatenate(parts)), 2)
    cut *= step
    # What is turned round begins with the cut, too.
    differences = np.maximum(
        np.abs(first - whole[:, cut:, cut:]),
        np.abs(second - whole[:, :-cut, :-cut])[:, ::-1, ::-1],
    )
    starts = range(0, (size // 2 + 1) * unit * step, unit * step)
    return np.array([float(differences[:, s:, s:].max()) for s in starts])


def _pattern(network: Network, side: int) -> Array:
    """Return a fixed picture of waves, edges and noise in the network's range."""
    channels = network.input_shape[-1]
    y, x = np.mgrid[:side, :side] / side
    waves = np.sin(60 * x * x + 25 * y) * np.cos(90 * y * y - 10 * x)
    edges = np.sign(np.sin(40 * x + 23 * y)) + np.sign(np.sin(31 * y - 17 * x))
    shared = (0.5 + 0.15 * waves + 0.1 * edges)[..., None]
    # No random generator: their streams may change with a release of numpy.
    noise = np.sin(np.arange(1.0, side * side * channels + 1) ** 2)
    picture = shared + 0.1 * noise.reshape(side, side, channels)
    low, high = network.input_range
    return (low + (high - low) * picture[None]).astype(np.float32)
