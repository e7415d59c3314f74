"""What pictures are compared as: 8-bit RGB, grey at its own depth, or raw bands."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np

from imgan.bundles.card import Card
from imgan.data.pairs import PairPaths
from imgan.data.pairs import as_rgb8
from imgan.data.resize import resize_bicubic
from imgan.errors import DataError
from imgan.inference.pictures import read_model_bands
from imgan.io.images import read_image
from imgan.metrics.ssim import WINDOW
from imgan.types import Array
from imgan.types import Size
from imgan.types import dtype_peak

Channel = Literal["y", "grey", "bands"]
"""y: luma of 8-bit RGB. grey, bands: all that is there, at its own depth."""

# Benchmarks crop their truth to a multiple of 12 or 24 before reducing it by any scale.
_MOST_CROPPED = 24


@dataclass(frozen=True)
class View:
    """One way to read pictures and to bring their values to a common scale.

    Attributes:
        channel: What is compared.
        read: Returns the pixels of a file that a model takes.
        to_levels: Returns pixels as what metrics take: uint8, or float64 in which 255
            is the peak, of any dtype that a model gives.
    """

    channel: Channel
    read: Callable[[Path], Array]
    to_levels: Callable[[Array], Array]


def choose_view(card: Card | None, first: Path) -> View:
    """Return how a model's pictures are compared.

    Args:
        card: Of the model; None for bicubic enlargement.
        first: One of the pictures. It decides for a model of one channel, which takes
            colour too, channel by channel.
    """
    if card is not None and card.takes_bands:
        return _bands(card)
    if card is not None and card.input_channels == 1 and _is_grey(first):
        return View("grey", _read_grey, _grey_levels)
    return View("y", lambda path: as_rgb8(read_image(path).pixels), as_rgb8)


def read_pair(view: View, paths: PairPaths, scale: int) -> tuple[Array, Array]:
    """Return the true picture, cropped to `scale` times the reduced one, and that.

    Raises:
        DataError: If the two do not fit, or are too small to score.
        ImageReadError: If a file cannot be read.
    """
    hr_path, lr_path = paths.hr, paths.lr
    hr = view.read(hr_path)
    size = Size(*hr.shape[:2])
    if lr_path is None:
        hr = hr[: size.height - size.height % scale, : size.width - size.width % scale]
        _check_size(hr_path, Size(*hr.shape[:2]), scale)
        return hr, resize_bicubic(hr, Fraction(1, scale))
    reduced = view.read(lr_path)
    covered = Size(reduced.shape[0] * scale, reduced.shape[1] * scale)
    for have, truth in zip(covered, size, strict=True):
        if not truth - _MOST_CROPPED < have < truth + scale:
            raise DataError(
                f"{lr_path} does not fit {hr_path} at scale {scale}: expected "
                f"{Size(size.height // scale, size.width // scale)} for {size}, "
                f"received {Size(*reduced.shape[:2])}."
            )
    hr = hr[: covered.height, : covered.width]
    _check_size(hr_path, Size(*hr.shape[:2]), scale)
    return hr, reduced


def _bands(card: Card) -> View:
    def to_levels(pixels: Array) -> Array:
        low, high = card.pixel_range or (0.0, dtype_peak(pixels.dtype))
        levels = (pixels.astype(np.float64) - low) * (255.0 / (high - low))
        return levels[..., 0] if levels.shape[2:] == (1,) else levels

    return View("bands", lambda path: read_model_bands(path, card), to_levels)


def _is_grey(path: Path) -> bool:
    return read_image(path).is_grey


def _read_grey(path: Path) -> Array:
    picture = read_image(path)
    if not picture.is_grey:
        raise DataError(
            f"{path} is in colour, and the first picture is grey; what is compared "
            "would not be the same. Score them apart"
        )
    return picture.pixels


def _grey_levels(pixels: Array) -> Array:
    return pixels.astype(np.float64) * (255.0 / dtype_peak(pixels.dtype))


def _check_size(path: Path, size: Size, scale: int) -> None:
    least = WINDOW + 2 * scale
    if min(size) < least:
        raise DataError(
            f"{path} is too small to score at scale {scale}: expected at least "
            f"{least}x{least} after cropping, received {size}. Remove it."
        )
