"""Fréchet distance of features."""

import numpy as np
import pytest

from imgan.metrics.frechet import frechet_distance

# Two points at ±1 on each axis: mean 0, unbiased covariance 2 · 1² / 3 per axis.
CROSS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


def test_shift_and_spread_of_diagonal_covariances():
    """Covariance diag(2/3, 2/3) against diag(4 · 2/3, 9 · 2/3), means apart by (3, 4).

    25 + sum over axes of (sqrt(a) - sqrt(b))² = 25 + 2/3 · ((2 - 1)² + (3 - 1)²)
    = 25 + 10/3.
    """
    fake = CROSS * [2.0, 3.0] + [3.0, 4.0]
    assert frechet_distance(CROSS, fake) == pytest.approx(25 + 10 / 3, rel=1e-12)


def test_covariances_that_do_not_commute():
    """Diag(4, 1) against the same turned by 45°, [[2.5, 1.5], [1.5, 2.5]].

    A B = [[10, 6], [1.5, 2.5]] with trace 12.5 and determinant 16, so its root has
    trace sqrt(12.5 + 2 · sqrt(16)) = sqrt(20.5); the distance is 5 + 5 - 2 sqrt(20.5).
    """
    stretched = CROSS * [2.0, 1.0] * np.sqrt(1.5)
    turn = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2)
    value = frechet_distance(stretched, stretched @ turn)
    assert value == pytest.approx(10 - 2 * np.sqrt(20.5), rel=1e-10)


def test_equal_sets_are_at_zero_even_with_fewer_samples_than_features():
    features = np.random.default_rng(0).normal(size=(40, 200)).astype(np.float32)
    assert 0 <= frechet_distance(features, features[::-1]) < 1e-10


def test_a_set_without_spread_is_measured():
    """All samples equal: no covariance, so distance² plus the trace of the other."""
    point = np.full((5, 2), 2.0)
    assert frechet_distance(CROSS, point) == pytest.approx(8 + 4 / 3, rel=1e-12)


def test_features_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(4, 2\) and \(4, 3\)"):
        frechet_distance(CROSS, np.zeros((4, 3)))
    with pytest.raises(ValueError, match="at least 2 samples"):
        frechet_distance(CROSS, CROSS[:1])
    with pytest.raises(ValueError, match="finite"):
        frechet_distance(CROSS, CROSS * np.nan)
