"""Inception features from a weights file."""

from pathlib import Path

import keras
import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.metrics.features import NOTE
from imgan.metrics.features import InceptionFeatures
from imgan.metrics.features import load_inception


class Averages:
    """Stands in for the network: its features are the mean colour and the corner."""

    output_shape = (None, 6)

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []

    def predict_on_batch(self, images):
        images = np.asarray(images, np.float64)
        self.batches.append(images.shape)
        return np.concatenate([images.mean(axis=(1, 2)), images[:, 0, 0]], axis=1)


def test_pictures_are_resized_and_brought_to_minus_one_to_one():
    """Level 51 is 0.2, and 2 · 0.2 - 1 = -0.6."""
    network = Averages()
    images = np.full((5, 8, 10, 3), 51, np.uint8)
    features = InceptionFeatures(network).extract(images, batch=2)
    np.testing.assert_allclose(features, np.full((5, 6), -0.6), atol=1e-6)
    assert network.batches == [(2, 299, 299, 3)] * 2 + [(1, 299, 299, 3)]
    assert features.dtype == np.float32


def test_grey_is_replicated_and_floats_are_taken_as_they_are():
    grey = np.random.default_rng(0).random((2, 8, 8, 1)).astype(np.float32)
    one = InceptionFeatures(Averages()).extract(grey)
    three = InceptionFeatures(Averages()).extract(grey.repeat(3, axis=-1))
    np.testing.assert_array_equal(one, three)


def test_large_pictures_are_smoothed_as_they_shrink():
    """Columns of black and white 2,990 wide: without antialias a picture of stripes."""
    stripes = np.zeros((1, 4, 2990, 1), np.float32)
    stripes[:, :, ::2] = 1.0
    features = InceptionFeatures(Averages()).extract(stripes)
    np.testing.assert_allclose(features, np.zeros((1, 6)), atol=0.06)


def test_batches_must_be_pictures():
    with pytest.raises(ValueError, match="1 or 3"):
        InceptionFeatures(Averages()).extract(np.zeros((2, 8, 8, 4), np.uint8))


def test_the_note_says_what_the_scores_compare_with():
    assert "only within imgan" in NOTE


def test_an_absent_file_is_named(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"absent\.h5 is no file.*not download"):
        load_inception(tmp_path / "absent.h5")


@pytest.mark.slow
def test_weights_are_read_and_others_refused(tmp_path: Path):
    """With random weights: Keras' network behind its own preprocessing, reproduced."""
    network = keras.applications.InceptionV3(
        include_top=False, pooling="avg", weights=None
    )
    path = tmp_path / "random.weights.h5"
    network.save_weights(path)
    images = np.random.default_rng(0).integers(0, 256, (2, 299, 299, 3), np.uint8)
    prepared = keras.applications.inception_v3.preprocess_input(
        images.astype(np.float32)
    )
    expected = network.predict_on_batch(prepared)
    features = load_inception(path).extract(images)
    assert features.shape == (2, 2048)
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-5)

    (tmp_path / "text.h5").write_text("no weights")
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    (tmp_path / "cut.weights.h5").write_bytes(path.read_bytes()[:100_000])
    for name in ("text.h5", "other.weights.h5", "cut.weights.h5"):
        with pytest.raises(CheckpointError, match=f"{name} holds no weights"):
            load_inception(tmp_path / name)
