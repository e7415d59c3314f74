"""Distances of pictures, in pixels."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.spatial.distance import pdist

from imgan.metrics import distances
from imgan.metrics.distances import mean_pairwise_distance
from imgan.metrics.distances import nearest_distances


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (23, 4, 4, 3), np.uint8)


def flat(value):
    """2x2 pictures of one channel: distances are twice the difference of levels."""
    return np.full((1, 2, 2, 1), value, np.float32)


def test_three_flat_pictures():
    """Black, half and white: 2 · (0.5 + 0.5 + 1) / 3 = 4/3."""
    images = np.concatenate([flat(0.0), flat(0.5), flat(1.0)])
    assert mean_pairwise_distance(images) == pytest.approx(4 / 3, rel=1e-9)
    nearest = nearest_distances(images, np.concatenate([flat(0.1), flat(0.9)]))
    np.testing.assert_allclose(nearest, [0.2, 0.8, 0.2], rtol=1e-6)


def test_eight_bits_are_taken_as_parts_of_white(pictures):
    floats = (pictures / 255).astype(np.float32)
    expected = mean_pairwise_distance(floats)
    assert mean_pairwise_distance(pictures) == pytest.approx(expected, rel=1e-6)


def test_chunks_change_nothing(pictures, monkeypatch):
    rows = pictures.reshape(23, -1) / 255
    monkeypatch.setattr(distances, "_CHUNK", 5)
    assert mean_pairwise_distance(pictures) == pytest.approx(pdist(rows).mean())
    np.testing.assert_allclose(
        nearest_distances(pictures[:9], pictures[9:]),
        cdist(rows[:9], rows[9:]).min(axis=1),
        rtol=1e-6,
    )


def test_copies_are_found(pictures):
    found = nearest_distances(pictures[::-1], pictures)
    np.testing.assert_allclose(found, np.zeros(23), atol=1e-6)


def test_what_cannot_be_compared_is_refused(pictures):
    with pytest.raises(ValueError, match="at least 2"):
        mean_pairwise_distance(pictures[:1])
    with pytest.raises(ValueError, match="of the size"):
        nearest_distances(pictures, pictures[:, :2])
    with pytest.raises(ValueError, match="of the size"):
        nearest_distances(pictures, pictures[:0])
    with pytest.raises(TypeError, match="uint8, or float"):
        mean_pairwise_distance(pictures.astype(np.int32))
