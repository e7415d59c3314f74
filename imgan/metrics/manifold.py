"""Precision and recall of generated pictures."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgan.metrics.distances import check_features
from imgan.metrics.distances import distance_rows
from imgan.types import Array


class PrecisionRecall(NamedTuple):
    """Share of fakes that could be real, share of reals that could be generated."""

    precision: float
    recall: float


def precision_recall(
    real_features: Array, fake_features: Array, neighbours: int = 3
) -> PrecisionRecall:
    """Return how much of each set lies within the manifold of the other.

    Section 3 of [Kynkäänniemi et al., 2019](https://arxiv.org/abs/1904.06991): a set
    spans balls around its samples, each reaching to the k-th nearest other sample of
    the set. A sample of the other set counts where it lies in any ball.

    Memory is bounded by both sets and some rows of distances.

    Args:
        real_features: `(samples, features)`, more than `neighbours` samples.
        fake_features: `(other samples, features)`; as many as there are real ones, for
            scores that compare.
        neighbours: The k.
    """
    if neighbours < 1:
        raise ValueError(f"neighbours must be at least 1. Received: {neighbours}")
    real, fake = check_features(real_features, fake_features, least=neighbours + 1)
    # Distances are differences of squared lengths: the shorter, the more exact.
    centre = real.mean(axis=0)
    real, fake = real - centre, fake - centre
    return PrecisionRecall(
        precision=_share_inside(fake, real, _radii(real, neighbours)),
        recall=_share_inside(real, fake, _radii(fake, neighbours)),
    )


def _radii(features: NDArray[np.float64], neighbours: int) -> NDArray[np.float64]:
    """Return squared distances of each sample to its k-th nearest other one."""
    radii = np.empty(len(features))
    for part, distances in distance_rows(features, features):
        own = np.arange(part.start, part.stop)
        distances[own - part.start, own] = -1.0
        # Each is its own nearest, so the k-th other one is at place k.
        radii[part] = np.partition(distances, neighbours, axis=1)[:, neighbours]
    return radii


def _share_inside(
    features: NDArray[np.float64],
    centres: NDArray[np.float64],
    radii: NDArray[np.float64],
) -> float:
    inside = 0
    for _, distances in distance_rows(features, centres):
        inside += int((distances <= radii).any(axis=1).sum())
    return inside / len(features)
