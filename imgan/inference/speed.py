"""How fast a model is on this machine."""

import time

import numpy as np

from imgan.inference.predictor import Predictor


def measure_speed(
    predictor: Predictor, *, side: int = 512, seconds: float = 3.0
) -> float:
    """Return input megapixels per second, start-up apart.

    Args:
        predictor: Enlarges a picture of noise in memory, again and again.
        side: Height and width of that picture in pixels.
        seconds: How long to repeat; the best time counts, as others disturb the rest.
    """
    shape = (side, side, 3)
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    predictor(picture)  # traces the graph
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        predictor(picture)
        best = min(best, time.perf_counter() - start)
    return side * side / 1e6 / best
