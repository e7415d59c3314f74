"""Batches of whole pictures as a pure function of (seed, number of the sample)."""

import functools
from typing import Any
from typing import NamedTuple

import cv2
import numpy as np
import tensorflow as tf

from imgan.data.image_store import ImageStore
from imgan.data.image_store import require_labels
from imgan.data.pipeline import fixed_parallelism
from imgan.data.pixels import as_unit
from imgan.errors import ImganError
from imgan.types import Array
from imgan.types import ValueRange
from imgan.types import dtype_peak


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


def image_dataset(
    sampler: ImageSampler,
    batch_size: int,
    *,
    first_step: int = 0,
    labelled: bool,
    value_range: ValueRange = (-1.0, 1.0),
    workers: int = 2,
    failures: list[ImganError] | None = None,
) -> Any:
    """Return endless batches of pictures, starting where a run left off.

    A batch is made in one piece, because pictures of a GAN are small and a call for
    each would cost more than the work. Whole pictures are cached by the sampler's
    store, before anything random.

    Args:
        sampler: Makes batch number n.
        batch_size: Pictures in a batch.
        first_step: Step of the first batch.
        labelled: Give labels too.
        value_range: Of the network.
        workers: Batches made at the same time.
        failures: Receives what went wrong with a picture, because TensorFlow turns an
            exception inside a pipeline into one of its own.

    Returns:
        A `tf.data.Dataset` of dicts with `images`, float32, `(batch, image_size,
        image_size, channels)`, and if `labelled` with `labels`, int32, `(batch,)`.

    Raises:
        DataError: If labels are wanted and there are none, or only one class.
    """
    store = sampler.store
    if labelled:
        require_labels(store)
    none: Array = np.zeros(batch_size, np.int32)

    def make(step: Any) -> tuple[Array, Array]:
        try:
            images, labels = sampler.batch(int(step) * batch_size, batch_size)
        except ImganError as error:
            if failures is not None:
                failures.append(error)
            raise
        return _to_range(images, value_range), none if labels is None else labels

    def batch(step: Any) -> dict[str, Any]:
        images, labels = tf.numpy_function(make, [step], (tf.float32, tf.int32))
        side = store.image_size
        shaped = tf.ensure_shape(images, (batch_size, side, side, store.channels))
        if not labelled:
            return {"images": shaped}
        return {"images": shaped, "labels": tf.ensure_shape(labels, (batch_size,))}

    return (
        tf.data.Dataset.range(first_step, tf.int64.max)
        .map(batch, num_parallel_calls=workers, deterministic=True)
        .prefetch(4)
        .with_options(fixed_parallelism())
    )


@functools.lru_cache(maxsize=4)
def _epoch(seed: int, epoch: int, pictures: int) -> tuple[Array, Array]:
    """Return the order of an epoch, and which of its positions are mirrored."""
    order = np.random.default_rng((seed, 0, epoch)).permutation(pictures)
    mirrors = np.random.default_rng((seed, 1, epoch)).integers(2, size=pictures) == 1
    return order, mirrors


def _mirror(image: Array) -> Array:
    # Several times as fast as reversing an axis in numpy; drops a single channel.
    return cv2.flip(image, 1).reshape(image.shape)


def _to_range(images: Array, value_range: ValueRange) -> Array:
    low, high = value_range
    scale = np.float32((high - low) / dtype_peak(images.dtype))
    scaled = np.multiply(images, scale, dtype=np.float32)
    scaled += np.float32(low)
    return scaled
