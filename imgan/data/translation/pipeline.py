"""The input pipelines of translation."""

from typing import Any

from imgan.data.pipeline import Output
from imgan.data.pipeline import batches
from imgan.data.translation.domains import DomainSampler
from imgan.data.translation.pairs import PairSampler
from imgan.errors import ImganError
from imgan.types import ValueRange


def translation_dataset(
    sampler: PairSampler,
    batch_size: int,
    *,
    first_step: int = 0,
    source_range: ValueRange = (-1.0, 1.0),
    target_range: ValueRange = (-1.0, 1.0),
    failures: list[ImganError] | None = None,
) -> Any:
    """Return endless batches of pairs, starting where a run left off.

    Args:
        sampler: Makes pair number n.
        batch_size: Pairs in a batch.
        first_step: Step of the first batch.
        source_range: Value range of the generator's input.
        target_range: Value range of its output.
        failures: As in `imgan.data.pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of dicts with `source` and `target`, float32, `(batch,
        image_size, image_size, channels)`.
    """
    side, reader = sampler.image_size, sampler.reader
    outputs = {
        "source": Output((side, side, reader.source_channels), source_range),
        "target": Output((side, side, reader.target_channels), target_range),
    }
    return batches(sampler, outputs, batch_size, first_step, failures)


def unpaired_dataset(
    sampler: DomainSampler,
    batch_size: int,
    *,
    first_step: int = 0,
    a_range: ValueRange = (-1.0, 1.0),
    b_range: ValueRange = (-1.0, 1.0),
    failures: list[ImganError] | None = None,
) -> Any:
    """Return endless batches of two domains, starting where a run left off.

    Args:
        sampler: Makes number n, a picture of each domain.
        batch_size: Pictures of each domain in a batch.
        first_step: Step of the first batch.
        a_range: Value range of the networks' pictures of domain A.
        b_range: The same of domain B.
        failures: As in `imgan.data.pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of dicts with `domain_a` and `domain_b`, float32, `(batch,
        image_size, image_size, channels)`.
    """
    side = sampler.image_size
    outputs = {
        "domain_a": Output((side, side, sampler.a.channels), a_range),
        "domain_b": Output((side, side, sampler.b.channels), b_range),
    }
    return batches(sampler, outputs, batch_size, first_step, failures)
