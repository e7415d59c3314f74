"""Whole pictures as a pure function of (seed, number of the sample).

Plain numpy, as in `imgan.data.patches`: also for what loads no framework.
"""

import functools
from typing import NamedTuple

import cv2
import numpy as np

from imgan.data.image_store import ImageStore
from imgan.data.pixels import as_unit
from imgan.types import Array


class ImageBatch(NamedTuple):
    """Pictures of one batch, and their labels if there are any.

    Attributes:
        images: `(batch, image_size, image_size, channels)`, uint8, uint16, or float32
            in `[0, 1]`.
        labels: `(batch,)` int32, or None.
    """

    images: Array
    labels: Array | None


class ImageSampler:
    """Gives every picture once an epoch, in an order by (seed, epoch).

    Nothing is remembered between batches, so a run resumed at any step sees what an
    undisturbed one would have seen.

    Args:
        store: Pictures.
        seed: Of everything random here.
        flip: Mirror half of the pictures from left to right, drawn anew each epoch.
    """

    def __init__(self, store: ImageStore, *, seed: int, flip: bool = False) -> None:
        self.store = store
        self.seed = seed
        self.flip = flip

    def batch(self, first_sample: int, size: int) -> ImageBatch:
        """Return samples `first_sample` to `first_sample + size` of the sequence."""
        indices, mirrored = self._choose(np.arange(first_sample, first_sample + size))
        pictures = [self.store[index] for index in indices.tolist()]
        if len({picture.dtype for picture in pictures}) > 1:
            pictures = [as_unit(picture) for picture in pictures]
        if self.flip:
            for row in np.flatnonzero(mirrored).tolist():
                pictures[row] = _mirror(pictures[row])
        labels = self.store.labels
        return ImageBatch(
            np.stack(pictures), None if labels is None else labels[indices]
        )

    def _choose(self, samples: Array) -> tuple[Array, Array]:
        epochs, positions = np.divmod(samples, len(self.store))
        indices = np.empty_like(samples)
        mirrored = np.zeros(len(samples), bool)
        for epoch in np.unique(epochs).tolist():
            order, mirrors = _epoch(self.seed, epoch, len(self.store))
            within = epochs == epoch
            indices[within] = order[positions[within]]
            mirrored[within] = mirrors[positions[within]]
        return indices, mirrored


@functools.lru_cache(maxsize=4)
def _epoch(seed: int, epoch: int, pictures: int) -> tuple[Array, Array]:
    """Return the order of an epoch, and which of its positions are mirrored."""
    order = np.random.default_rng((seed, 0, epoch)).permutation(pictures)
    mirrors = np.random.default_rng((seed, 1, epoch)).integers(2, size=pictures) == 1
    return order, mirrors


def _mirror(image: Array) -> Array:
    # Several times as fast as reversing an axis in numpy; drops a single channel.
    return cv2.flip(image, 1).reshape(image.shape)
