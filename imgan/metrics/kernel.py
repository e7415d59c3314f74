"""Kernel distance of two sets of features."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgan.metrics.distances import check_features
from imgan.types import Array


class KernelDistance(NamedTuple):
    """Mean over subsets and its standard error."""

    mean: float
    error: float


def kernel_distance(
    real_features: Array,
    fake_features: Array,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
) -> KernelDistance:
    """Return the squared maximum mean discrepancy under a cubic kernel.

    Section 4 of [Bińkowski et al., 2018](https://arxiv.org/abs/1801.01401): the
    unbiased estimate with `(x·y / features + 1)³`, averaged over random subsets; KID
    where the features are those of an Inception network. Unlike the Fréchet distance
    it is not biased by the number of samples, and for equal distributions it scatters
    around 0, on both sides.

    Args:
        real_features: `(samples, features)`.
        fake_features: `(other samples, features)`.
        subsets: How often a subset of both is drawn, without replacement.
        subset_size: Samples in each; from 2 to the size of the smaller set.
        seed: Of the choice of subsets.
    """
    real, fake = check_features(real_features, fake_features, least=2)
    most = min(len(real), len(fake))
    if not 2 <= subset_size <= most or subsets < 1:
        raise ValueError(
            f"subset_size must be from 2 to {most} and subsets at least 1. "
            f"Received: subset_size={subset_size}, subsets={subsets}"
        )
    random = np.random.default_rng(seed)
    values = np.empty(subsets)
    for index in range(subsets):
        left = real[random.choice(len(real), subset_size, replace=False)]
        right = fake[random.choice(len(fake), subset_size, replace=False)]
        values[index] = _unbiased(left, right)
    error = values.std(ddof=1) / math.sqrt(subsets) if subsets > 1 else math.nan
    return KernelDistance(float(values.mean()), float(error))


def _unbiased(real: NDArray[np.float64], fake: NDArray[np.float64]) -> float:
    # A sample compared with itself says nothing: the diagonals are left out.
    pairs = len(real) * (len(real) - 1)
    among = 0.0
    for rows in (real, fake):
        kernel = _cubic(rows, rows)
        among += float(kernel.sum() - np.trace(kernel)) / pairs
    return among - 2.0 * float(_cubic(real, fake).mean())


def _cubic(
    left: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    kernel: NDArray[np.float64] = (left @ right.T / left.shape[1] + 1.0) ** 3
    return kernel
