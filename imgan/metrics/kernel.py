"""Kernel distance of two sets of features."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgan.metrics.distances import check_features
from imgan.types import Array

Kernel = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]

_USUAL_SIZE = 1000

# Entries of a kernel between whole sets, 128 MB.
_MOST_KEPT = 4000**2


class KernelDistance(NamedTuple):
    """Mean over subsets and its standard error."""

    mean: float
    error: float


def usual_subset_size(count: int) -> int:
    """Return the samples of a subset of a set of `count`: 1000, and at most half.

    Subsets that were the whole set would be equal, and not show how far they scatter.
    """
    return max(2, min(_USUAL_SIZE, count // 2))


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
    kernels = _kernel(real, real), _kernel(fake, fake), _kernel(real, fake)
    values = np.empty(subsets)
    for index in range(subsets):
        left = random.choice(len(real), subset_size, replace=False)
        right = random.choice(len(fake), subset_size, replace=False)
        among = _mean_off_diagonal(kernels[0](left, left))
        among += _mean_off_diagonal(kernels[1](right, right))
        values[index] = among - 2.0 * kernels[2](left, right).mean()
    error = values.std(ddof=1) / math.sqrt(subsets) if subsets > 1 else math.nan
    return KernelDistance(float(values.mean()), float(error))


def _mean_off_diagonal(kernel: NDArray[np.float64]) -> float:
    # A sample compared with itself says nothing, and would bias the estimate.
    pairs = len(kernel) * (len(kernel) - 1)
    return float(kernel.sum() - np.trace(kernel)) / pairs


def _kernel(left: NDArray[np.float64], right: NDArray[np.float64]) -> Kernel:
    """Return a function from two choices of rows to the kernel between them."""
    if len(left) * len(right) > _MOST_KEPT:
        return lambda rows, columns: _cubic(left[rows], right[columns])
    # Subsets of a small set overlap: all of it costs less than each of them.
    whole = _cubic(left, right)
    return lambda rows, columns: whole[np.ix_(rows, columns)]


def _cubic(
    left: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    base: NDArray[np.float64] = left @ right.T / left.shape[1] + 1.0
    # A third of the time of a power.
    return base * base * base
