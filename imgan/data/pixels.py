"""What the pixels of a recipe's files mean, and how they become arrays."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from imgan.errors import DataError
from imgan.io.bands import read_bands
from imgan.io.images import read_image
from imgan.types import Array
from imgan.types import dtype_peak


@dataclass(frozen=True)
class PixelFormat:
    """Channels and value range that every file of a data set is read with.

    Attributes:
        channels: 1 reads grey, and colour as its luma. 3 reads RGB, and grey three
            times. Any other number wants files with exactly so many bands.
        value_range: Values in the files that mean 0 and 1; None: the range of the
            files' integers, and 0 to 1 of floats.
    """

    channels: int = 3
    value_range: tuple[float, float] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether files are ordinary pictures, which come with a colour model."""
        return self.channels in (1, 3) and self.value_range is None

    def read(self, path: Path) -> Array:
        """Return the pixels of a file, `(height, width, channels)`.

        uint8 or uint16 as in the file, or float32 where 0 and 1 are the ends of the
        value range. Alpha is left out.

        Raises:
            DataError: If the file has another number of bands.
            ImageReadError: If it cannot be read.
        """
        if self.is_plain:
            return _with_channels(read_image(path).pixels, self.channels)
        pixels = read_bands(path)
        if pixels.shape[2] != self.channels:
            raise DataError(
                f"{path} must have {self.channels} bands, as data.channels says. "
                f"Received: {pixels.shape[2]}"
            )
        if self.value_range is None:
            return pixels
        low, high = self.value_range
        return (pixels.astype(np.float32) - np.float32(low)) / np.float32(high - low)


def as_unit(pixels: Array) -> Array:
    """Return integers as float32 in `[0, 1]`; floats as they are."""
    if pixels.dtype == np.float32:
        return pixels
    return pixels.astype(np.float32) / np.float32(dtype_peak(pixels.dtype))


def to_uint8(pixels: Array) -> Array:
    """Return 8 bits, rounded half up; floats are clipped to `[0, 1]` first."""
    if pixels.dtype == np.uint8:
        return pixels
    levels = np.clip(as_unit(pixels), 0.0, 1.0) * np.float32(255.0)
    return np.floor(levels + np.float32(0.5)).astype(np.uint8)


def _with_channels(pixels: Array, channels: int) -> Array:
    if pixels.ndim == 2:
        return np.repeat(pixels[..., np.newaxis], channels, axis=2)
    if channels == 1:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))[..., np.newaxis]
    return pixels
