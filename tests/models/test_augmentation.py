import numpy as np
import pytest
import tensorflow as tf

from imgan.models.augmentation import AUGMENTATIONS
from imgan.models.augmentation import AdaptiveAugmentation
from imgan.models.augmentation import Augmentation
from imgan.models.randomness import StepRandom
from tests.models.adversarial import batch


def made(name: str) -> Augmentation:
    random = StepRandom(1)
    random.begin(1)
    return AUGMENTATIONS[name]((-1.0, 1.0), random)


def test_none_shows_images_as_they_are() -> None:
    images = batch()["images"]
    augmentation = made("none")
    assert augmentation(images) is images
    assert augmentation.weights == []
    assert augmentation.numbers() == {}


def test_diff_augment_changes_every_image_each_time_in_another_way() -> None:
    images = batch()["images"]
    augmentation = made("diff_augment")
    first, second = augmentation(images), augmentation(images)
    assert first.shape == images.shape
    for before, once, twice in zip(images, first, second, strict=True):
        assert not np.array_equal(before, once)
        assert not np.array_equal(once, twice)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(augmentation(images))
    assert np.any(tape.gradient(total, images))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_xla_compiles_what_says_so(name: str) -> None:
    """Keras asks every layer before it compiles a train step for a GPU."""
    augmentation, images = made(name), batch()["images"]
    shown = tf.function(augmentation, jit_compile=bool(augmentation.supports_jit))
    assert shown(images).shape == images.shape


def test_adaptive_starts_with_none() -> None:
    images = batch()["images"]
    augmentation = made("adaptive")
    np.testing.assert_allclose(augmentation(images), images, atol=1e-6)
    augmentation.weights[0].assign(1.0)
    assert not np.allclose(augmentation(images), images, atol=1e-3)


@pytest.mark.parametrize(("sign", "expected"), [(1.0, 1.0), (0.0, 0.0)])
def test_adaptive_moves_every_fourth_batch(sign: float, expected: float) -> None:
    """Target 0.6. A fourth batch of 500,000 is the paper's whole way from 0 to 1."""
    augmentation = made("adaptive")
    assert isinstance(augmentation, AdaptiveAugmentation)
    for step in range(1, 5):
        assert float(augmentation.numbers()["augment_probability"]) == 0.0
        augmentation.observe(tf.constant(sign), 500_000, tf.constant(step))
    assert float(augmentation.numbers()["augment_probability"]) == expected
    assert float(augmentation.sign_total) == 0.0


def test_adaptive_averages_the_signs_of_four_batches() -> None:
    """Means 0.5 and 0.7 are on either side of the target; batch 5 begins anew."""
    for signs, moved in (([1.0, 0.0, 0.5, 0.5], False), ([1.0, 1.0, 0.5, 0.3], True)):
        augmentation = made("adaptive")
        for step, sign in enumerate(signs, start=1):
            augmentation.observe(tf.constant(sign), 1000, tf.constant(step))
        assert (float(augmentation.numbers()["augment_probability"]) > 0) == moved
        augmentation.observe(tf.constant(1.0), 1000, tf.constant(5))
        assert float(augmentation.sign_total) == 1.0
