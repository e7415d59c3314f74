"""The input pipelines: one function owns the order of their steps."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import tensorflow as tf

from imgan.data.patches import PatchSampler
from imgan.errors import ImganError
from imgan.types import Array
from imgan.types import ValueRange
from imgan.types import to_range

WORKERS = 2
"""Samples made at the same time, while the network trains."""


class Output(NamedTuple):
    """What a sampler makes under one name."""

    shape: tuple[int, int, int]
    """Height, width and channels, the same for every sample."""
    value_range: ValueRange
    """That of the network."""


def super_resolution_dataset(
    sampler: PatchSampler,
    batch_size: int,
    *,
    first_step: int = 0,
    lr_range: ValueRange = (0.0, 1.0),
    hr_range: ValueRange = (0.0, 1.0),
    failures: list[ImganError] | None = None,
) -> Any:
    """Return endless batches of pairs, starting where a run left off.

    Args:
        sampler: Makes patch number n.
        batch_size: Pairs in a batch.
        first_step: Step of the first batch.
        lr_range: Value range of the network's input.
        hr_range: Value range of the network's output.
        failures: As in `batches`.

    Returns:
        A `tf.data.Dataset` of dicts with `lr_images` and `hr_images`, float32,
        `(batch, height, width, channels)`, and with `target_images` where the sampler
        sharpens.
    """
    size, channels = sampler.size, sampler.store.pixel_format.channels
    hr_size = size * sampler.store.scale
    hr = Output((hr_size, hr_size, channels), hr_range)
    outputs = {"lr_images": Output((size, size, channels), lr_range), "hr_images": hr}
    if sampler.usm:
        outputs["target_images"] = hr

    def patch(sample: int) -> list[Array]:
        return [image for image in sampler(sample) if image is not None]

    return batches(patch, outputs, batch_size, first_step, failures)


def batches(
    sampler: Callable[[int], Sequence[Array]],
    outputs: Mapping[str, Output],
    batch_size: int,
    first_step: int,
    failures: list[ImganError] | None,
) -> Any:
    """Return endless batches of what a sampler makes, as a `tf.data.Dataset`.

    The order, and why. Pictures are *decoded, resized and cached whole* (by the
    sampler's store): caching anything after a random step would freeze that step for
    all later epochs. The *order of an epoch* is a permutation by (seed, epoch), not a
    shuffle buffer, so resuming needs no replay. *Crop, augmentation and degradation*
    are seeded by the number of the sample for the same reason.

    Args:
        sampler: Makes sample number n: float32 in [0, 1], one array for each output.
        outputs: What it makes, in its order.
        batch_size: Samples in a batch.
        first_step: Step of the first batch.
        failures: Receives what went wrong with a picture, because TensorFlow turns an
            exception inside a pipeline into one of its own.
    """

    def make(sample: Any) -> list[Array]:
        try:
            return list(sampler(int(sample)))
        except ImganError as error:
            if failures is not None:
                failures.append(error)
            raise

    def cut(sample: Any) -> dict[str, Any]:
        images = tf.numpy_function(make, [sample], [tf.float32] * len(outputs))
        return {
            name: tf.ensure_shape(image, output.shape)
            for image, (name, output) in zip(images, outputs.items(), strict=True)
        }

    def convert(batch: dict[str, Any]) -> dict[str, Any]:
        return {
            name: to_range(batch[name], output.value_range)
            for name, output in outputs.items()
        }

    first = first_step * batch_size
    return (
        tf.data.Dataset.range(first, tf.int64.max)
        .map(cut, num_parallel_calls=WORKERS, deterministic=True)
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
