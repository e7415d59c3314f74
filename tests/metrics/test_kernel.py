"""Kernel distance of features."""

import numpy as np
import pytest

from imgan.metrics import kernel
from imgan.metrics.kernel import kernel_distance
from imgan.metrics.kernel import usual_subset_size


def test_two_samples_of_one_feature_each():
    """Real 0 and 1, fake 2 and 3; the whole sets are the only subsets of two.

    Among the real: (0·1 + 1)³ = 1. Among the fake: (2·3 + 1)³ = 343. Across: 1, 1,
    (2 + 1)³ = 27 and (3 + 1)³ = 64, mean 23.25. 1 + 343 - 46.5 = 297.5.
    """
    real, fake = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
    value = kernel_distance(real, fake, subsets=3, subset_size=2)
    assert value.mean == pytest.approx(297.5, rel=1e-12)
    assert value.error == pytest.approx(0.0, abs=1e-9)


def test_products_are_divided_by_the_number_of_features():
    """The same numbers in four equal features: (4 · x · y) / 4 is x · y."""
    real, fake = np.repeat([[0.0], [1.0]], 4, 1), np.repeat([[2.0], [3.0]], 4, 1)
    value = kernel_distance(real, fake, subsets=1, subset_size=2)
    assert value.mean == pytest.approx(297.5, rel=1e-12)


def test_equal_distributions_scatter_around_zero_and_others_do_not():
    """With the diagonals left in, 2 · (|x|² / 8 + 1)³ / 100 = 0.16 would be added."""
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 400, 8))
    near = kernel_distance(first, second, subsets=40, subset_size=100)
    far = kernel_distance(first, second + 0.5, subsets=40, subset_size=100)
    assert abs(near.mean) < 0.06
    assert far.mean > 0.3
    assert 0 < far.error < 0.1


def test_the_seed_chooses_the_subsets():
    first, second = np.random.default_rng(0).normal(size=(2, 50, 3))
    one, again, other = (
        kernel_distance(first, second, subsets=4, subset_size=10, seed=seed)
        for seed in (1, 1, 2)
    )
    assert one == again
    assert one != other


def test_large_sets_are_computed_by_subset(monkeypatch):
    first, second = np.random.default_rng(0).normal(size=(2, 50, 3))
    whole = kernel_distance(first, second, subsets=4, subset_size=10)
    monkeypatch.setattr(kernel, "_MOST_KEPT", 1)
    parts = kernel_distance(first, second, subsets=4, subset_size=10)
    assert parts == pytest.approx(whole, rel=1e-9)


def test_subsets_larger_than_a_set_are_refused():
    with pytest.raises(ValueError, match="from 2 to 5"):
        kernel_distance(np.ones((9, 2)), np.ones((5, 2)), subset_size=6)


@pytest.mark.parametrize(
    ("count", "size"), [(2, 2), (5, 2), (300, 150), (2000, 1000), (9000, 1000)]
)
def test_subsets_are_no_larger_than_half_of_a_set(count, size):
    assert usual_subset_size(count) == size
