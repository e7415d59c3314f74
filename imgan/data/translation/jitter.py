"""What is random about a sample: which picture, which part of it, mirrored or not."""

from typing import NamedTuple

import cv2
import numpy as np

from imgan.types import Array
from imgan.types import Size

_MIRRORED_TOGETHER = 4  # channels that OpenCV takes everywhere


class Order:
    """Which of `count` pictures sample n is: every one once in each epoch.

    Args:
        count: Pictures.
        seed: Of the run.
        purpose: Number that tells this order from others of the run.
    """

    def __init__(self, count: int, seed: int, purpose: int) -> None:
        self.count = count
        self._seed = (seed, purpose)
        self._known: tuple[int, Array] = (-1, np.empty(0, np.int64))

    def __call__(self, sample: int) -> int:
        """Return the index of the picture of a sample of the endless sequence."""
        epoch, position = divmod(sample, self.count)
        # A tuple is replaced at once, so threads see a whole one; at worst two of them
        # compute the same permutation.
        known, order = self._known
        if known != epoch:
            order = np.random.default_rng((*self._seed, epoch)).permutation(self.count)
            self._known = (epoch, order)
        return int(order[position])


class Cut(NamedTuple):
    """A square of a picture, mirrored from left to right or not."""

    top: int
    left: int
    side: int
    mirrored: bool

    def __call__(self, image: Array) -> Array:
        """Return the square of a `(height, width, channels)` picture, a copy."""
        rows = slice(self.top, self.top + self.side)
        part = image[rows, self.left : self.left + self.side]
        return _mirror(part) if self.mirrored else part.copy()


def draw_cut(size: Size, side: int, flip: bool, rng: np.random.Generator) -> Cut:
    """Draw where a picture is cut; every place is as likely.

    Args:
        size: Of the picture.
        side: Of the square, at most the shorter one of the picture.
        flip: Mirror half of the draws.
        rng: As many numbers are taken from it with `flip` as without.
    """
    top, left = (int(rng.integers(length - side + 1)) for length in size)
    mirrored = bool(rng.integers(2))
    return Cut(top, left, side, mirrored and flip)


def _mirror(image: Array) -> Array:
    if image.shape[2] > _MIRRORED_TOGETHER:
        return np.ascontiguousarray(image[:, ::-1])
    # Several times as fast as reversing an axis in numpy; drops a single channel.
    return np.asarray(cv2.flip(image, 1)).reshape(image.shape)
