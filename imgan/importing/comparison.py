"""Whether a bundle makes the picture that another program made."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgan.errors import DataError
from imgan.inference.pictures import predict_picture
from imgan.inference.predictor import Predictor
from imgan.io.images import read_image
from imgan.io.images import read_size
from imgan.types import Array

LEVELS = 255
TOLERANCE = 1.0
"""Levels of 255 by which rounding may differ."""


@dataclass(frozen=True)
class Comparison:
    """Differences between two pictures, in levels of 255.

    Attributes:
        largest: Largest one.
        mean: Mean one.
        share: Part of the values that differ by at most one level.
    """

    largest: float
    mean: float
    share: float

    @property
    def agrees(self) -> bool:
        """Whether nothing but rounding differs."""
        return self.largest <= TOLERANCE


def check_pictures(made: Path, source: Path) -> None:
    """Fail before the work if two pictures cannot be compared after it.

    Raises:
        DataError: If one cannot be read, or is no whole number of times the other.
    """
    size, result = read_size(source), read_size(made)
    scale = result.height / size.height
    if result.width != size.width * scale or scale % 1 or not scale:
        raise DataError(
            f"{made} must be what a model makes of {source}, {size}: the same size or "
            f"a whole number of times as large. Received: {result}"
        )


def compare_with(folder: Path, made: Path, source: Path) -> Comparison:
    """Compare what a bundle makes of a picture with what another program made of it.

    Args:
        folder: The bundle; computed in float32.
        made: The other program's picture.
        source: What it was made of.

    Raises:
        DataError: If a picture cannot be read, or the sizes do not belong together.
    """
    predictor = Predictor.load(str(folder), precision="float32")
    picture, expected = read_image(source), read_image(made)
    received, _ = predict_picture(predictor, picture)
    own, other = _levels(received.pixels), _levels(expected.pixels)
    if own.shape[-1] == 1:
        # Other programs write grey as colour.
        own = own.repeat(other.shape[-1], axis=-1)
    if own.shape != other.shape:
        raise DataError(
            f"{made} must be what the model makes of {source}, "
            f"{_words(own)}. Received: {_words(other)}"
        )
    difference = np.abs(own - other)
    return Comparison(
        largest=float(difference.max()),
        mean=float(difference.mean()),
        share=float((difference <= TOLERANCE).mean()),
    )


def _levels(pixels: Array) -> Array:
    """Return values in levels of 255, `(height, width, channels)` float64."""
    peak = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1.0
    values = pixels.astype(np.float64) * (LEVELS / peak)
    return values[..., None] if values.ndim == 2 else values


def _words(pixels: Array) -> str:
    height, width, channels = pixels.shape
    return f"{width}x{height} pixels in {channels} channels"
