"""One look at one picture: decoded once, and little is remembered."""

import hashlib
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgan.data.checking.fingerprints import SIDE
from imgan.data.checking.fingerprints import perceptual_hash
from imgan.data.checking.fingerprints import thumbnail
from imgan.data.checking.fingerprints import to_luma
from imgan.data.degradations.operations import resize
from imgan.errors import ImageReadError
from imgan.io.bands import read_bands
from imgan.io.images import read_image
from imgan.types import Array
from imgan.types import Size
from imgan.types import dtype_peak

Read = Callable[[Path], Array]
"""Returns the pixels of a file, `(height, width[, channels])`."""

COLOURS = {1: "grey", 3: "RGB"}
"""What training converts into one another, by channels."""

_OVERVIEW = 128  # pixels; noise averages out, and thin writing still shows
_LEAST_REDUCTION = 4  # so that noise averages out in small pictures too
_THUMB_SOURCE = 1024  # pixels, so that huge pictures do not become huge floats
_NEAR_LEVELS = {1: 4.0, 2: 0.25, 4: 0.25}
"""How far a pixel may be from the median to count as the same colour, levels of 255, by
bytes: deep pictures often use a small part of their range."""
_LEAST_SHARE = 0.005  # of pixels with another colour than the median


@dataclass(frozen=True, eq=False)
class Look:
    """What is remembered of a picture.

    Attributes:
        path: Its file.
        size: After orientation.
        channels: 1: grey.
        bits: Of one value.
        digest: Of the pixels alone, so that equal pictures in different files agree.
        thumb: `(SIDE, SIDE)` float32 luma, levels of 255.
        hashed: Perceptual hash.
        near_empty: Whether it is practically of one colour.
        colors: `(SIDE, SIDE, channels)` uint8, levels of 255.
    """

    path: Path
    size: Size
    channels: int
    bits: int
    digest: bytes
    thumb: Array
    hashed: int
    near_empty: bool
    colors: Array


def read_pixels(path: Path) -> Array:
    """Read an ordinary picture without its transparency, or bands of raw values.

    Values of which nobody says what they mean are stretched to `[0, 1]`.

    Raises:
        ImageReadError: If it cannot be read.
    """
    pixels, is_light = _read_either(path)
    return pixels if is_light else stretch(pixels)


def read_any(path: Path) -> Array:
    """Read an ordinary picture without its transparency, or else bands as they are.

    Raises:
        ImageReadError: If it cannot be read.
    """
    return _read_either(path)[0]


def stretch(pixels: Array) -> Array:
    """Return float32 from 0 for the lowest value to 1 for the highest."""
    low, high = float(pixels.min()), float(pixels.max())
    stretched = (pixels.astype(np.float32) - low) / np.float32((high - low) or 1.0)
    return np.asarray(stretched, np.float32)


def look_at(path: Path, pixels: Array, *, near_empty: bool | None = None) -> Look:
    """Summarise a decoded picture.

    Args:
        path: Its file.
        pixels: `(height, width[, channels])`, uint8, uint16 or float32.
        near_empty: Whether it is of one colour; None: to be found out.
    """
    thumb = thumbnail(luma_levels(pixels, _at_most(pixels, _THUMB_SOURCE)))
    values = np.ascontiguousarray(pixels)
    digest = hashlib.blake2b(repr((pixels.shape, pixels.dtype)).encode())
    digest.update(values.data)
    return Look(
        path=path,
        size=Size(*pixels.shape[:2]),
        channels=1 if pixels.ndim == 2 else pixels.shape[2],
        bits=8 * pixels.dtype.itemsize,
        digest=digest.digest()[:16],
        thumb=thumb,
        hashed=perceptual_hash(thumb),
        near_empty=_is_near_empty(pixels) if near_empty is None else near_empty,
        colors=_color_cells(pixels),
    )


def luma_levels(pixels: Array, size: Size | None = None) -> Array:
    """Return float32 luma in levels of 255, reduced by area if a size is given."""
    if size is not None and size != pixels.shape[:2]:
        pixels = _reduced(pixels, size)
    return to_luma(pixels) * np.float32(255.0 / dtype_peak(pixels.dtype))


def _read_either(path: Path) -> tuple[Array, bool]:
    """Return pixels, and whether they are an ordinary picture's."""
    try:
        return read_image(path).pixels, True
    except ImageReadError as error:
        try:
            return read_bands(path), False
        except ImageReadError:
            raise error from None


def _color_cells(pixels: Array) -> Array:
    small = _reduced(pixels, Size(SIDE, SIDE))
    levels = small.astype(np.float32) * np.float32(255.0 / dtype_peak(pixels.dtype))
    return np.clip(levels, 0, 255).round().astype(np.uint8).reshape(SIDE, SIDE, -1)


def _is_near_empty(pixels: Array) -> bool:
    """Return whether hardly any place differs from the median colour."""
    longest = max(pixels.shape[:2]) // _LEAST_REDUCTION
    size = _at_most(pixels, min(_OVERVIEW, max(1, longest)))
    if size != pixels.shape[:2]:
        pixels = _reduced(pixels, size)
    near = _NEAR_LEVELS[pixels.dtype.itemsize] * dtype_peak(pixels.dtype) / 255
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    values = pixels.reshape(-1, channels).astype(np.float32)
    distance = np.abs(values - np.median(values, axis=0)).max(axis=1)
    return bool(np.mean(distance > near) < _LEAST_SHARE)


def _reduced(pixels: Array, size: Size) -> Array:
    """Return a picture reduced by area, of however many bands."""
    deep = pixels if pixels.ndim == 3 else pixels[..., None]
    return resize(deep, size, "area").reshape(*size, *pixels.shape[2:])


def _at_most(pixels: Array, longest: int) -> Size:
    ratio = min(1.0, longest / max(pixels.shape[:2]))
    height, width = (max(1, round(side * ratio)) for side in pixels.shape[:2])
    return Size(height, width)


def colour_name(channels: int) -> str:
    """Return what a picture of so many channels is."""
    return COLOURS.get(channels, f"a file of {channels} bands")


def usual(values: Iterable[int]) -> int:
    """Return the most frequent value, the higher one of two; 0 of none."""
    counts = Counter(values)
    return max(counts, key=lambda value: (counts[value], value), default=0)
