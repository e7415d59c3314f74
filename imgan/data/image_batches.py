"""Batches of whole pictures, as `tf.data` makes them ahead of the training."""

from typing import Any

import numpy as np
import tensorflow as tf

from imgan.data.image_sampler import ImageSampler
from imgan.data.image_store import require_labels
from imgan.data.pipeline import WORKERS
from imgan.data.pipeline import fixed_parallelism
from imgan.errors import ImganError
from imgan.types import Array
from imgan.types import ValueRange
from imgan.types import dtype_peak


def image_dataset(
    sampler: ImageSampler,
    batch_size: int,
    *,
    first_step: int = 0,
    labelled: bool,
    value_range: ValueRange = (-1.0, 1.0),
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
        .map(batch, num_parallel_calls=WORKERS, deterministic=True)
        .prefetch(4)
        .with_options(fixed_parallelism())
    )


def _to_range(images: Array, value_range: ValueRange) -> Array:
    low, high = value_range
    scale = np.float32((high - low) / dtype_peak(images.dtype))
    scaled = np.multiply(images, scale, dtype=np.float32)
    scaled += np.float32(low)
    return scaled
