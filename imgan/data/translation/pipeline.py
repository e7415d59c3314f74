"""The input pipelines of translation: one function owns the order of their steps."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from imgan.data.pipeline import fixed_parallelism
from imgan.data.translation.domains import DomainSampler
from imgan.data.translation.pairs import PairSampler
from imgan.errors import ImganError
from imgan.types import Array
from imgan.types import ValueRange
from imgan.types import to_range


def translation_dataset(
    sampler: PairSampler,
    batch_size: int,
    *,
    first_step: int = 0,
    source_range: ValueRange = (-1.0, 1.0),
    target_range: ValueRange = (-1.0, 1.0),
    workers: int = 2,
    failures: list[ImganError] | None = None,
) -> Any:
    """Return endless batches of pairs, starting where a run left off.

    Args:
        sampler: Makes pair number n.
        batch_size: Pairs in a batch.
        first_step: Step of the first batch.
        source_range: Value range of the generator's input.
        target_range: Value range of its output.
        workers: Pairs made at the same time.
        failures: Receives what went wrong with a picture, because TensorFlow turns an
            exception inside a pipeline into one of its own.

    Returns:
        A `tf.data.Dataset` of dicts with `source` and `target`, float32, `(batch,
        image_size, image_size, channels)`.
    """
    reader = sampler.reader
    return _batches(
        sampler,
        sampler.image_size,
        {
            "source": (reader.source_channels, source_range),
            "target": (reader.target_channels, target_range),
        },
        batch_size,
        first_step,
        workers,
        failures,
    )


def unpaired_dataset(
    sampler: DomainSampler,
    batch_size: int,
    *,
    first_step: int = 0,
    a_range: ValueRange = (-1.0, 1.0),
    b_range: ValueRange = (-1.0, 1.0),
    workers: int = 2,
    failures: list[ImganError] | None = None,
) -> Any:
    """Return endless batches of two domains, starting where a run left off.

    Args:
        sampler: Makes number n, a picture of each domain.
        batch_size: Pictures of each domain in a batch.
        first_step: Step of the first batch.
        a_range: Value range of the networks' pictures of domain A.
        b_range: The same of domain B.
        workers: Samples made at the same time.
        failures: Receives what went wrong with a picture, because TensorFlow turns an
            exception inside a pipeline into one of its own.

    Returns:
        A `tf.data.Dataset` of dicts with `domain_a` and `domain_b`, float32, `(batch,
        image_size, image_size, channels)`.
    """
    return _batches(
        sampler,
        sampler.image_size,
        {
            "domain_a": (sampler.a.channels, a_range),
            "domain_b": (sampler.b.channels, b_range),
        },
        batch_size,
        first_step,
        workers,
        failures,
    )


def _batches(
    sampler: Callable[[int], Sequence[Array]],
    side: int,
    outputs: dict[str, tuple[int, ValueRange]],
    batch_size: int,
    first_step: int,
    workers: int,
    failures: list[ImganError] | None,
) -> Any:
    """Return batches of what a sampler makes.

    The order, and why. Pictures are *decoded, resized and cached whole* (by the
    sampler's store): caching anything after a random step would freeze that step for
    all later epochs. The *order of an epoch* is a permutation by (seed, epoch), not a
    shuffle buffer, so resuming needs no replay. *Crop, flip and degradation* are seeded
    by the number of the sample for the same reason.
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
            name: tf.ensure_shape(image, (side, side, channels))
            for image, (name, (channels, _)) in zip(
                images, outputs.items(), strict=True
            )
        }

    def convert(batch: dict[str, Any]) -> dict[str, Any]:
        return {
            name: to_range(batch[name], value_range)
            for name, (_, value_range) in outputs.items()
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
