"""Small value types that every layer of the package shares."""

from typing import Any
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""A numpy picture: `(height, width)` or `(height, width, channels)`."""

ValueRange = tuple[float, float]
"""Lowest and highest value of a tensor of images, `(0, 1)` or `(-1, 1)`."""


class Size(NamedTuple):
    """Height and width in pixels, in this order everywhere."""

    height: int
    width: int

    @property
    def megapixels(self) -> float:
        """Area in millions of pixels."""
        return self.height * self.width / 1e6

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class Region(NamedTuple):
    """A rectangle of pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def bottom(self) -> int:
        """First row below the rectangle."""
        return self.top + self.height

    @property
    def right(self) -> int:
        """First column right of the rectangle."""
        return self.left + self.width

    def slices(self) -> tuple[slice, slice]:
        """Return the index of the rectangle in a `(height, width, ...)` array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def to_range(images: Any, value_range: ValueRange) -> Any:
    """Return images in `[0, 1]`, arrays or tensors, in a value range."""
    low, high = value_range
    return images if (low, high) == (0.0, 1.0) else images * (high - low) + low


def from_range(images: Any, value_range: ValueRange) -> Any:
    """Return images in a value range, arrays or tensors, in `[0, 1]`."""
    low, high = value_range
    return images if (low, high) == (0.0, 1.0) else (images - low) / (high - low)


def dtype_peak(dtype: "np.typing.DTypeLike") -> float:
    """Return the value that stands for white: 255, 65535 or 1.0 for float32.

    Raises:
        TypeError: If pictures are never held in this dtype.
    """
    peaks = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
    name = np.dtype(dtype).name
    if name not in peaks:
        raise TypeError(f"dtype must be one of {', '.join(peaks)}. Received: {name}")
    return peaks[name]
