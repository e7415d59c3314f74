"""Fréchet distance of two sets of features."""

import math

import numpy as np
from numpy.typing import NDArray

from imgan.metrics.distances import check_features
from imgan.types import Array


def frechet_distance(real_features: Array, fake_features: Array) -> float:
    """Return the squared Fréchet distance of two normal distributions fitted to sets.

    Equation 6 of [Heusel et al., 2017](https://arxiv.org/abs/1706.08500), with the
    unbiased covariances of the reference code; FID where the features are those of an
    Inception network. Biased upwards for small sets: compare equal counts only.

    The trace of the matrix root is the sum of the singular values of `R S^T`, where
    `R^T R` and `S^T S` are the covariances. No root of an almost singular matrix is
    taken, so fewer samples than features need no correction.

    Args:
        real_features: `(samples, features)`, at least two samples.
        fake_features: `(other samples, features)`.

    Returns:
        At least 0, in squared units of the features.
    """
    real, fake = check_features(real_features, fake_features, least=2)
    real_mean, fake_mean = real.mean(axis=0), fake.mean(axis=0)
    real_root, fake_root = _root(real - real_mean), _root(fake - fake_mean)
    shared = np.linalg.svd(real_root @ fake_root.T, compute_uv=False).sum()
    spread = np.square(real_root).sum() + np.square(fake_root).sum() - 2.0 * shared
    # Rounding may leave equal sets a hair below zero.
    return max(0.0, float(np.square(real_mean - fake_mean).sum() + spread))


def _root(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `(at most features, features)` R, where `R^T R` is the covariance."""
    root: Array = centred
    if len(centred) > centred.shape[1]:
        root = np.asarray(np.linalg.qr(centred, mode="r"))
    return root / math.sqrt(len(centred) - 1)
