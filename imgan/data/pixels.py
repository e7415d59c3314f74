"""What the pixels of a recipe's files mean, and how they become arrays."""

from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import cv2
import numpy as np

from imgan.errors import DataError
from imgan.errors import ImageReadError
from imgan.io.bands import read_bands
from imgan.io.images import MAX_MEGAPIXELS
from imgan.io.images import read_image
from imgan.io.images import read_size
from imgan.types import Array
from imgan.types import Size
from imgan.types import dtype_peak

_FLOAT_TOLERANCE = 1e-3  # as for pictures of light, which are clipped within it
_MOST_OUTSIDE = 0.5  # share of a file's values that may lie outside of a value range
# Shares of what integers can hold: a range so much narrower or wider than the files'
# is that of other files. A narrow one is not, if hardly any value leaves it.
_NARROW, _NARROW_OUTSIDE, _WIDE = 0.01, 0.01, 100.0


def readable_size(path: Path) -> Size:
    """Return the size of a picture that is to be trained on, from its header alone.

    Raises:
        ImageReadError: If the file is no picture, or a larger one than will be read.
    """
    size = read_size(path)
    if size.megapixels > MAX_MEGAPIXELS:
        raise ImageReadError(
            f"{path} has {size.megapixels:,.1f} megapixels ({size}); at most "
            f"{MAX_MEGAPIXELS:g} are trained on. Cut it into pieces, or leave it out"
        )
    return size


@dataclass(frozen=True)
class PixelFormat:
    """Channels and value range that every file of a data set is read with.

    Attributes:
        channels: 1 reads grey, and colour as its luma. 3 reads RGB, and grey three
            times. Any other number wants files with exactly so many bands.
        value_range: Values in the files that mean 0 and 1; None: the range of the
            files' integers, and 0 to 1 of floats.
        section: Of the recipe that says so; messages name its keys.
        labels: Whether one channel holds numbers of classes, which no luma of colours
            does.
    """

    channels: int = 3
    value_range: tuple[float, float] | None = None
    section: str = field(default="data", compare=False)
    labels: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether files are ordinary pictures, which come with a colour model."""
        return self.channels in (1, 3) and self.value_range is None

    def read(self, path: Path) -> Array:
        """Return the pixels of a file, `(height, width, channels)`.

        uint8 or uint16 as in the file, or float32 where 0 and 1 are the ends of the
        value range. Alpha is left out.

        Raises:
            DataError: If the file has another number of bands or colours for labels,
                or its values do not suit the value range.
            ImageReadError: If it cannot be read.
        """
        if self.is_plain:
            pixels = _read_light(path, self.section)
            if self.labels and self.channels == 1 and pixels.ndim == 3:
                raise DataError(
                    f"{path} is in colour, and its luma would merge labels. Set "
                    f"{self.section}.channels=3, or save the numbers of the labels as "
                    "a grey picture"
                )
            return to_channels(pixels, self.channels)
        pixels = read_bands(path)
        if pixels.shape[2] != self.channels:
            raise DataError(
                f"{path} must have {self.channels} bands, as {self.section}.channels "
                f"says. Received: {pixels.shape[2]}"
            )
        fault = values_fault(pixels, self.value_range, self.section)
        if fault is not None:
            raise DataError(f"{path} {fault}")
        if self.value_range is None:
            return pixels
        low, high = self.value_range
        return (pixels.astype(np.float32) - np.float32(low)) / np.float32(high - low)


def values_fault(
    pixels: Array, value_range: tuple[float, float] | None, section: str = "data"
) -> str | None:
    """Return why the values of a file cannot be trained on; None if they can.

    Args:
        pixels: As in the file: uint8, uint16 or float32.
        value_range: Values that mean 0 and 1; None: all that integers can hold, and 0
            to 1 of floats.
        section: Of the recipe that says so.
    """
    lowest, highest = float(pixels.min()), float(pixels.max())
    if value_range is None:
        if pixels.dtype != np.float32 or (
            lowest >= -_FLOAT_TOLERANCE and highest <= 1 + _FLOAT_TOLERANCE
        ):
            return None
        return (
            f"holds float values from {lowest:g} to {highest:g}; expected 0 to 1. Set "
            f"{section}.value_range to what means 0 and 1"
        )
    low, high = value_range
    key = f"{section}.value_range=[{low:g}, {high:g}]"
    outside = float(np.mean((pixels < low) | (pixels > high)))
    most = _MOST_OUTSIDE
    if pixels.dtype != np.float32:
        covered = (high - low) / dtype_peak(pixels.dtype)
        if covered > _WIDE:
            return (
                f"holds {8 * pixels.itemsize}-bit integers, of which {key} is far too "
                "wide a range. Set it to the values that mean 0 and 1"
            )
        most = _NARROW_OUTSIDE if covered < _NARROW else most
    if outside <= most:
        return None
    return (
        f"holds values from {lowest:g} to {highest:g}; {outside:.0%} of them are "
        f"outside {key}. Set it to the values that mean 0 and 1, or to null for "
        "ordinary pictures"
    )


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


def to_channels(pixels: Array, channels: int) -> Array:
    """Return a picture in so many channels.

    Args:
        pixels: `(height, width)` or `(height, width, any)` of uint8, uint16 or float32.
        channels: Wanted.

    Returns:
        `(height, width, channels)` of the same dtype: grey so many times, luma by
        BT.601 of RGB where one is wanted. Any other picture as it is.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    if pixels.shape[2] == 1:
        return np.repeat(pixels, channels, axis=2) if channels > 1 else pixels
    if (pixels.shape[2], channels) == (3, 1):
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))[..., np.newaxis]
    return pixels


def _read_light(path: Path, section: str) -> Array:
    """Read an ordinary picture; one of raw values is told by what it lacks."""
    try:
        return read_image(path).pixels
    except ImageReadError:
        try:
            fault = values_fault(read_bands(path), None, section)
        except ImageReadError:
            fault = None
        if fault is None:
            raise
        raise DataError(f"{path} {fault}") from None
