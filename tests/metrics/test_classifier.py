"""The classifier that judges generated pictures."""

import math

import cv2
import keras
import numpy as np
import pytest

from imgan.metrics.classifier import classifier_scores
from imgan.metrics.classifier import train_classifier


def bars(count: int, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """8x8 pictures of a bar: across, down or none, so an easy task of three classes."""
    random = np.random.default_rng(4)
    images = random.random((count, 8, 8, 1)).astype(np.float32) * noise
    labels = np.arange(count) % 3
    places = random.integers(2, 6, count)
    for image, label, place in zip(images, labels, places, strict=True):
        image[place if label == 0 else slice(0), :] = 1.0
        image[:, place if label == 1 else slice(0)] = 1.0
    return images, labels


@pytest.fixture(scope="module")
def trained():
    return train_classifier(*bars(240), 3, seed=1)


def test_held_out_pictures_are_recognised(trained):
    assert trained.accuracy_held_out >= 0.95
    images, labels = bars(30)
    assert np.mean(trained.predict(images) == labels) >= 0.95
    np.testing.assert_allclose(trained.probabilities(images).sum(axis=1), 1, rtol=1e-5)
    assert trained.features(images).shape == (30, 128)


def test_eight_bits_are_judged_like_floats(trained):
    images = (bars(30)[0] * 255).astype(np.uint8)
    floats = (images / 255).astype(np.float32)
    np.testing.assert_allclose(
        trained.probabilities(images), trained.probabilities(floats), atol=1e-5
    )


@pytest.mark.slow
def test_the_seed_decides_and_no_global_generator_is_used():
    images, labels = bars(60)
    made = []
    for other, seed in ((1, 5), (2, 5), (2, 6)):
        keras.utils.set_random_seed(other)
        expected = np.random.get_state()[1].copy()
        classifier = train_classifier(images, labels, 3, seed, epochs=1)
        made.append(classifier.probabilities(images))
        np.testing.assert_array_equal(np.random.get_state()[1], expected)
    np.testing.assert_array_equal(made[0], made[1])
    assert np.abs(made[0] - made[2]).max() > 1e-3


class Sure:
    """Gives fixed probabilities."""

    num_classes = 3

    def __init__(self, rows) -> None:
        self.rows = np.array(rows, np.float32)

    def probabilities(self, images):
        return self.rows


def test_scores_by_hand():
    """Of 4 pictures 2 show class 0, 2 class 1; labels 0, 0, 0, 1 are right 3 times.

    Sure of each: the mean is (1/2, 1/2, 0), the information ln 2, the score 2.
    """
    rows = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]]
    scores = classifier_scores(Sure(rows), np.zeros((4, 2, 2, 1)), [0, 0, 0, 1])
    assert scores.label_accuracy == 0.75
    assert scores.coverage == (0.5, 0.5, 0.0)
    assert scores.covered == 2
    assert scores.inception_score == pytest.approx(2.0)


def test_undecided_pictures_inform_of_nothing():
    """All (1/2, 1/4, 1/4): each equals the mean, so exp(0)."""
    scores = classifier_scores(Sure([[0.5, 0.25, 0.25]] * 5), np.zeros((5, 2, 2, 1)))
    assert scores.label_accuracy is None
    assert scores.inception_score == pytest.approx(1.0)
    assert scores.coverage == (1.0, 0.0, 0.0)


def test_a_class_of_four_in_a_hundred_is_covered():
    rows = [[1, 0, 0]] * 93 + [[0, 1, 0]] * 4 + [[0, 0, 1]] * 3
    assert classifier_scores(Sure(rows), np.zeros((100, 2, 2, 1))).covered == 2


def test_classes_of_one_picture_are_trained_on():
    images, labels = bars(3)
    assert math.isnan(train_classifier(images, labels, 3, epochs=1).accuracy_held_out)


def test_arguments_that_do_not_fit_are_refused(trained):
    images, labels = bars(6)
    with pytest.raises(ValueError, match=r"\(6, 8, 8, 1\) and \(5,\)"):
        train_classifier(images, labels[:5], 3)
    with pytest.raises(ValueError, match="0 to 2 with num_classes=2"):
        train_classifier(images, labels, 2)
    with pytest.raises(ValueError, match=r"\(samples, \*\(8, 8, 1\)\)"):
        trained.predict(images[:, :4])


@pytest.mark.thorough
def test_handwritten_digits_are_recognised():
    """8x8 digits enlarged to 32x32: 98 % of those held out, for any seed."""
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    images = [
        cv2.resize(image / 16, (32, 32), interpolation=cv2.INTER_CUBIC)
        for image in digits.images
    ]
    images = np.clip(images, 0, 1)[..., None].astype(np.float32)
    assert train_classifier(images, digits.target, 10).accuracy_held_out >= 0.96
