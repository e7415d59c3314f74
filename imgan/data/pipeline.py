"""The input pipeline: one function owns the order of its steps."""

from typing import Any

import tensorflow as tf

from imgan.data.patches import Patch
from imgan.data.patches import PatchSampler
from imgan.errors import ImganError
from imgan.types import ValueRange


def super_resolution_dataset(
    sampler: PatchSampler,
    batch_size: int,
    *,
    first_step: int = 0,
    lr_range: ValueRange = (0.0, 1.0),
    hr_range: ValueRange = (0.0, 1.0),
    workers: int = 2,
    failures: list[ImganError] | None = None,
) -> Any:
    """Return endless batches of pairs, starting where a run left off.

    The order, and why. Pictures are *decoded and cached whole* (by the sampler's
    store): caching anything after a random step would freeze that step for all later
    epochs. The *order of an epoch* is a permutation by (seed, epoch), not a shuffle
    buffer, so resuming needs no replay. *Crop and augmentation* are seeded by the
    number of the sample for the same reason. *Batching* comes before the conversion to
    float, which is then one cheap operation on uint8.

    Args:
        sampler: Makes patch number n.
        batch_size: Pairs in a batch.
        first_step: Step of the first batch.
        lr_range: Value range of the network's input.
        hr_range: Value range of the network's output.
        workers: Patches made at the same time.
        failures: Receives what went wrong with a picture, because TensorFlow turns an
            exception inside a pipeline into one of its own.

    Returns:
        A `tf.data.Dataset` of dicts with `lr_images` and `hr_images`, float32,
        `(batch, height, width, 3)`.
    """
    size, scale = sampler.size, sampler.store.scale

    def patch(sample: Any) -> Patch:
        try:
            return sampler(sample)
        except ImganError as error:
            if failures is not None:
                failures.append(error)
            raise

    def cut(sample: Any) -> tuple[Any, Any]:
        lr, hr = tf.numpy_function(patch, [sample], (tf.uint8, tf.uint8))
        hr_size = size * scale
        return tf.ensure_shape(lr, (size, size, 3)), tf.ensure_shape(
            hr, (hr_size, hr_size, 3)
        )

    def convert(lr: Any, hr: Any) -> dict[str, Any]:
        return {
            "lr_images": _to_range(lr, lr_range),
            "hr_images": _to_range(hr, hr_range),
        }

    first = first_step * batch_size
    return (
        tf.data.Dataset.range(first, tf.int64.max)
        .map(cut, num_parallel_calls=workers, deterministic=True)
        .batch(batch_size, drop_remainder=True)
        .map(convert)
        .prefetch(4)
        .with_options(fixed_parallelism())
    )


def fixed_parallelism() -> Any:
    """Return options for a pipeline whose numbers of workers and buffers are given.

    There is nothing to tune then, and the thread that would tune it sleeps up to a
    minute before it lets a finished run go on.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return options


def _to_range(images: Any, value_range: ValueRange) -> Any:
    low, high = value_range
    return tf.cast(images, tf.float32) * ((high - low) / 255.0) + low
