"""Decoded pictures of both sides, kept in memory if they fit."""

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgan.config.translation import SideConfig
from imgan.data.degradations.operations import resize
from imgan.data.pixels import PixelFormat
from imgan.data.translation.records import PictureFile
from imgan.data.translation.sizes import size_of
from imgan.machine import memory_limit
from imgan.types import Array
from imgan.types import Size


@dataclass(frozen=True)
class Side:
    """How the pictures of one side are read.

    Attributes:
        pixel_format: Channels and value range.
        labels: Whether values must not be mixed when pictures are resized.
        square: Side in pixels of the squares that they are squeezed to; None: they stay
            as they are.
    """

    pixel_format: PixelFormat
    labels: bool = False
    square: int | None = None

    @classmethod
    def of(cls, config: SideConfig, section: str, square: int | None) -> "Side":
        """Return the side that a section of a recipe describes."""
        numbers = config.labels and config.channels == 1
        pixel_format = PixelFormat(
            config.channels, config.value_range, section, labels=numbers
        )
        return cls(pixel_format, config.labels, square)


Request = tuple[PictureFile, Side]
"""A picture, and how it is read."""


class PictureStore:
    """Decoded pictures by file and side.

    What is kept is resized already: that step is the same in every epoch, so nothing
    random is frozen, and a crop of a kept picture costs no more than a copy. Pictures
    that belong to several samples, as frames do, are kept once.

    Args:
        requests: All that will be asked for.
        keep: Keep decoded pictures; None decides by whether all of them take at most a
            quarter of the memory.
    """

    def __init__(self, requests: Iterable[Request], keep: bool | None = None) -> None:
        self._kept: dict[Request, Array] = {}
        if keep is None:
            keep = fit_in_memory(requests)
        self.keep = keep

    def read(self, requests: Sequence[Request]) -> list[Array]:
        """Return pictures, `(height, width, channels)`, as their files hold them.

        uint8, uint16, or float32 where 0 and 1 are the ends of the value range. A file
        that is asked for several times, as one with two halves is, is decoded once.

        Raises:
            DataError: If a file does not suit the recipe.
            ImageReadError: If it cannot be read.
        """
        decoded: dict[tuple[Path, PixelFormat], Array] = {}
        return [self._get(request, decoded) for request in requests]

    def _get(
        self, request: Request, decoded: dict[tuple[Path, PixelFormat], Array]
    ) -> Array:
        kept = self._kept.get(request)
        if kept is not None:
            return kept
        picture, side = request
        whole = (picture.path, side.pixel_format)
        if whole not in decoded:
            decoded[whole] = side.pixel_format.read(picture.path)
        pixels = _fit(_halved(decoded[whole], picture), side)
        if self.keep:
            # Two threads may read the same picture; they keep equal bytes.
            self._kept[request] = pixels
        return pixels


def fit_in_memory(requests: Iterable[Request]) -> bool:
    """Return whether pictures take at most a quarter of the memory when decoded."""
    return _bytes(requests) <= memory_limit() / 4


def squeeze(pixels: Array, size: Size, labels: bool = False) -> Array:
    """Resize a picture to a height and a width, whatever its own were.

    Args:
        pixels: `(height, width, channels)`, uint8, uint16 or float32.
        size: Wanted.
        labels: Take the nearest pixel, so that no value arises that was not there.

    Returns:
        `(*size, channels)` in the dtype of `pixels`. An axis that shrinks is reduced by
        the mean over areas, and one that grows by bicubic interpolation, clipped to the
        values of the picture.
    """
    if pixels.shape[:2] == tuple(size):
        return pixels
    if labels:
        rows, columns = (
            (2 * np.arange(new) + 1) * old // (2 * new)
            for new, old in zip(size, pixels.shape, strict=False)
        )
        return pixels[rows[:, np.newaxis], columns]
    low, high = pixels.min(), pixels.max()
    smaller = Size(*map(min, size, pixels.shape[:2]))
    resized = resize(pixels.astype(np.float32), smaller, "area")
    resized = np.clip(resize(resized, size, "bicubic"), low, high)
    if pixels.dtype != np.float32:
        resized = np.floor(resized + np.float32(0.5))
    return resized.astype(pixels.dtype)


def _fit(pixels: Array, side: Side) -> Array:
    if side.square is not None:
        pixels = squeeze(pixels, Size(side.square, side.square), side.labels)
    return np.ascontiguousarray(pixels)


def _halved(pixels: Array, picture: PictureFile) -> Array:
    if picture.half == "whole":
        return pixels
    middle = pixels.shape[1] // 2
    # The copy lets go of the other half.
    half = pixels[:, :middle] if picture.half == "left" else pixels[:, middle:]
    return half.copy()


def _bytes(requests: Iterable[Request]) -> float:
    total = 0.0
    depths: dict[tuple[Side, str], int] = {}
    for picture, side in dict.fromkeys(requests):
        # Files of one side have one depth as a rule; reading all would take too long.
        # Sides that are read alike are equal, whatever their sections.
        own = (side, side.pixel_format.section)
        if own not in depths:
            depths[own] = side.pixel_format.read(picture.path).itemsize
        square = side.square
        size = size_of(picture) if square is None else Size(square, square)
        total += size.megapixels * 1e6 * side.pixel_format.channels * depths[own]
    return total
