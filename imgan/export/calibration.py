"""Pictures by which int8 finds the ranges of a network's activations, and is scored.

They are of the kind that the network will be given: for super-resolution the large
pictures of a folder, reduced by the library's own bicubic; for translation the inputs
as they are.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.grid import padded_length
from imgan.bundles.kinds import frame_channels
from imgan.bundles.kinds import reads_bands
from imgan.bundles.trained import label_sides
from imgan.data.pairs import list_pictures
from imgan.data.pixels import PixelFormat
from imgan.data.pixels import as_unit
from imgan.data.pixels import to_uint8
from imgan.data.resize import resize_bicubic
from imgan.data.translation.stacking import stack
from imgan.errors import DataError
from imgan.export.tensors import IMAGES
from imgan.export.tensors import Feed
from imgan.export.tensors import PortableNetwork
from imgan.io.paths import natural_key
from imgan.types import Array
from imgan.types import Region
from imgan.types import Size
from imgan.types import to_range

# Enough: with four times the pixels, or three times the crops, x4 lost 0.004 and
# 0.01 dB more on Set5, as ranges only get wider.
_SIDE, _CROPS, _LEAST_CROPS = 64, 64, 16


class Calibration(NamedTuple):
    """What a quantiser is shown."""

    feeds: list[Feed]
    """One picture, or one latent, each."""
    line: str
    """Where they are from, for the user."""


class InputFolder:
    """The pictures of a folder as a network is given them, in natural order.

    Args:
        card: Of the network, which takes pictures.
        path: The folder, without its subfolders.

    Raises:
        DataError: If there are no pictures.
    """

    def __init__(self, card: Card, path: Path) -> None:
        self.path = path
        self._card = card
        self._paths = sorted(list_pictures(path), key=lambda file: natural_key(file))
        self._format = PixelFormat(
            channels=frame_channels(card),
            value_range=card.pixel_range,
            labels=label_sides(card)[0],
        )

    def __len__(self) -> int:
        return len(self._paths)

    def evenly(self, most: int) -> list[int]:
        """Return the indices of so many pictures at most, spread over the folder."""
        count = min(most, len(self))
        return np.linspace(0, len(self) - 1, count).astype(int).tolist()

    def read(self, index: int, unit: int, least: int) -> Array:
        """Return a picture, `(height, width, channels)`, uint8 or float32 in [0, 1].

        Pictures of light have 8 bits. A network of several frames is given those before
        the picture, and the first of the folder again where there are too few.

        Args:
            index: In natural order.
            unit: Sides are cut to multiples of this.
            least: Shortest side that will do.

        Raises:
            DataError: If it is not as the network takes it, or too small.
            ImageReadError: If it cannot be read.
        """
        first = index - self._card.num_frames + 1
        frames = range(first, index + 1)
        pixels = stack([self._format.read(self._paths[max(0, i)]) for i in frames])
        pixels = as_unit(pixels) if reads_bands(self._card) else to_uint8(pixels)
        size = Size(pixels.shape[0] // unit * unit, pixels.shape[1] // unit * unit)
        if min(size) < least:
            raise DataError(
                f"{self._paths[index]} must have sides of at least {least} pixels for "
                f"model {self._card.name!r}. Received: "
                f"{Size(*pixels.shape[:2])}. Remove it"
            )
        return pixels[: size.height, : size.width]


def reduced(card: Card, pixels: Array) -> Array:
    """Return a picture as the network would be given it, in [0, 1] or 8 bits."""
    if card.scale == 1:
        return pixels
    return resize_bicubic(pixels, Fraction(1, card.scale))


def as_images(card: Card, pixels: Array) -> Array:
    """Return a picture as the network's `images`, `(1, height, width, channels)`."""
    images = to_range(as_unit(pixels), card.input_range)
    return np.asarray(images, np.float32)[np.newaxis]


def calibrate_by_pictures(portable: PortableNetwork, path: Path) -> Calibration:
    """Cut squares of one size out of many pictures, the same ones every time.

    Args:
        portable: A network that takes pictures.
        path: Folder of large pictures for super-resolution, of inputs for translation.

    Raises:
        DataError: If there are no pictures, or one does not suit the network.
        ImageReadError: If one cannot be read.
    """
    card, folder = portable.card, InputFolder(portable.card, path)
    side = padded_length(_SIDE, card.size_multiple, card.minimum_size)
    count = max(_LEAST_CROPS, _CROPS * _SIDE**2 // side**2)
    chosen = folder.evenly(count)
    feeds: list[Feed] = []
    for place, index in enumerate(chosen):
        wanted = count // len(chosen) + (place < count % len(chosen))
        unit, least = card.scale * card.size_multiple, card.scale * card.minimum_size
        pixels = folder.read(index, unit, least)
        for region in _squares(
            Size(*pixels.shape[:2]), side * card.scale, wanted, index
        ):
            crop = reduced(card, pixels[region.slices()])
            feeds.append({IMAGES: as_images(card, crop)})
    line = (
        f"calibrated on {len(feeds)} crops of {side}x{side} from {len(chosen)} of "
        f"{len(folder)} pictures in {path}"
    )
    return Calibration(feeds, line)


def calibrate_by_noise(portable: PortableNetwork) -> Calibration:
    """Return latents, and labels in turn, the same ones every time."""
    feeds = [portable.noise(1, seed) for seed in range(_CROPS)]
    return Calibration(feeds, f"calibrated on {_CROPS} latents")


def _squares(size: Size, side: int, count: int, seed: int) -> Sequence[Region]:
    """Return places of squares in a picture; smaller ones where it is too small."""
    random = np.random.default_rng(seed)
    height, width = min(side, size.height), min(side, size.width)
    tops = random.integers(size.height - height, size=count, endpoint=True)
    lefts = random.integers(size.width - width, size=count, endpoint=True)
    return [
        Region(int(top), int(left), height, width)
        for top, left in zip(tops, lefts, strict=True)
    ]
