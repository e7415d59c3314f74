"""The input pipeline: one function owns the order of its steps."""

from typing import Any

import tensorflow as tf

from imgan.data.patches import PatchSampler
from imgan.errors import ImganError
from imgan.types import Array
from imgan.types import ValueRange
from imgan.types import to_range


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
    buffer, so resuming needs no replay. *Crop, augmentation and degradation* are seeded
    by the number of the sample for the same reason.

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
        `(batch, height, width, channels)`, and with `target_images` where the sampler
        sharpens.
    """
    size, channels = sampler.size, sampler.store.pixel_format.channels
    hr_size = size * sampler.store.scale
    shapes = [(size, size, channels), (hr_size, hr_size, channels)]
    names, ranges = ["lr_images", "hr_images"], [lr_range, hr_range]
    if sampler.usm:
        shapes.append(shapes[1])
        names.append("target_images")
        ranges.append(hr_range)

    def patch(sample: Any) -> list[Array]:
        try:
            made = sampler(sample)
            return [image for image in made if image is not None]
        except ImganError as error:
            if failures is not None:
                failures.append(error)
            raise

    def cut(sample: Any) -> dict[str, Any]:
        images = tf.numpy_function(patch, [sample], [tf.float32] * len(names))
        return {
            name: tf.ensure_shape(image, shape)
            for name, image, shape in zip(names, images, shapes, strict=True)
        }

    def convert(batch: dict[str, Any]) -> dict[str, Any]:
        return {
            name: to_range(batch[name], value_range)
            for name, value_range in zip(names, ranges, strict=True)
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
