"""How fast a model is on this machine."""

import time

import numpy as np

from imgan.inference.batch import load_predictor
from imgan.inference.predictor import Predictor
from imgan.inference.work import BatchOptions


def measure_speed(
    predictor: Predictor, *, side: int = 512, seconds: float = 3.0, channels: int = 3
) -> float:
    """Return input megapixels per second, start-up apart.

    Args:
        predictor: Enlarges a picture of noise in memory, again and again.
        side: Height and width of that picture in pixels.
        seconds: How long to repeat; the best time counts, as others disturb the rest.
        channels: Of that picture.
    """
    shape = (side, side, channels)
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    predictor(picture)  # traces the graph
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        predictor(picture)
        best = min(best, time.perf_counter() - start)
    return side * side / 1e6 / best


def measure_batch(options: BatchOptions) -> float:
    """Return the input megapixels per second of a batch's model, as options say.

    Raises:
        ImganError: If the model cannot be loaded.
    """
    predictor = load_predictor(options)
    channels = getattr(predictor.engine, "input_channels", 3)
    return measure_speed(predictor, channels=channels)
