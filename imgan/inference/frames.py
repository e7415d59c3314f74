"""What a model reads of a picture: the file itself, and maybe those before it."""

from collections import OrderedDict
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from imgan.bundles.card import Card
from imgan.data.translation.stacking import stack
from imgan.errors import DataError
from imgan.io.bands import read_bands
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.paths import natural_key
from imgan.types import Array


def frame_channels(card: Card) -> int:
    """Return the channels of one of the pictures that are stacked as the input."""
    return (card.input_channels or 1) // card.num_frames


def reads_bands(card: Card) -> bool:
    """Return whether input files hold raw values in bands, not pictures of light."""
    return card.pixel_range is not None or frame_channels(card) not in (1, 3)


def writes_bands(card: Card) -> bool:
    """Return whether results are raw values in bands, not pictures of light."""
    if card.task == "super_resolution":
        return card.takes_bands
    return card.output_pixel_range is not None or card.output_channels not in (1, 3)


def earlier_frames(
    paths: Sequence[Path], num_frames: int
) -> dict[Path, tuple[Path, ...]]:
    """Return, for every picture, those that come before it in its folder.

    Args:
        paths: Pictures of any folders; those of one folder are frames in natural order
            of their names.
        num_frames: Frames that a network is given at once.

    Returns:
        `num_frames - 1` paths each, oldest first; fewer for the first of a folder.
    """
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(paths, key=natural_key):
        folders[path.parent].append(path)
    return {
        path: tuple(frames[max(0, index - num_frames + 1) : index])
        for frames in folders.values()
        for index, path in enumerate(frames)
    }


class FrameReader:
    """Reads the pictures of a batch; keeps the last few, of which the next are made.

    Args:
        card: Of the model; None reads pictures of light.
        max_megapixels: Largest area accepted.
    """

    def __init__(self, card: Card | None, max_megapixels: float) -> None:
        self._card = card
        self._max_megapixels = max_megapixels
        self._kept: OrderedDict[Path, Picture] = OrderedDict()

    def read(self, path: Path, earlier: Sequence[Path]) -> tuple[Picture, Picture]:
        """Return a picture, and what the network is given in its place.

        Args:
            path: Of the picture.
            earlier: The frames before it, oldest first. Where they are fewer than the
                model wants, the first frame stands for those that are missing.

        Raises:
            ImageReadError: If a file cannot be read as one picture.
            DataError: If a file has other bands than the model takes, or frames differ
                in size or depth.
        """
        picture = self._read(path)
        if self._card is None or self._card.num_frames == 1:
            return picture, picture
        channels = frame_channels(self._card)
        frames = []
        for other in earlier:
            frame = self._read(other)
            _check_alike(path, picture, other, frame)
            frames.append(_with_channels(frame.pixels, channels))
        frames.append(_with_channels(picture.pixels, channels))
        frames = [frames[0]] * (self._card.num_frames - len(frames)) + frames
        return picture, replace(picture, pixels=stack(frames))

    def _read(self, path: Path) -> Picture:
        kept = self._kept.get(path)
        if kept is not None:
            return kept
        picture = self._decode(path)
        count = self._card.num_frames if self._card else 1
        if count > 1:
            self._kept[path] = picture
            while len(self._kept) > count:
                self._kept.popitem(last=False)
        return picture

    def _decode(self, path: Path) -> Picture:
        card = self._card
        if card is None or not reads_bands(card):
            return read_image(path, self._max_megapixels)
        pixels = read_bands(path, self._max_megapixels)
        expected = frame_channels(card)
        if pixels.shape[2] != expected:
            raise DataError(
                f"{path} has {pixels.shape[2]} band{'s' * (pixels.shape[2] != 1)}; "
                f"model {card.name!r} takes {expected}. Select them first, or use "
                "another model"
            )
        return Picture(pixels)


def _check_alike(path: Path, last: Picture, other: Path, frame: Picture) -> None:
    received = (last.size, last.pixels.dtype), (frame.size, frame.pixels.dtype)
    if received[0] != received[1]:
        (size, dtype), (other_size, other_dtype) = received
        raise DataError(
            f"{path} and the frame before it, {other.name}, must be of one size and "
            f"depth. Received: {size} {dtype} and {other_size} {other_dtype}. Put "
            "every sequence into a folder of its own"
        )


def _with_channels(pixels: Array, channels: int) -> Array:
    """Return a frame as `(height, width, channels)`: RGB of grey, luma of RGB."""
    if pixels.ndim == 2:
        return np.repeat(pixels[..., np.newaxis], channels, axis=2)
    if pixels.shape[2] == 3 and channels == 1:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))[..., np.newaxis]
    return pixels
