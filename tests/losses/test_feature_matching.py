import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.feature_matching import FeatureMatchingLoss

REAL = np.array([[1.0, 0.0], [3.0, 4.0]], np.float32)
FAKE = np.array([[0.0, 1.0], [1.0, 0.0]], np.float32)


def test_mean_value() -> None:
    """Means (2, 2) and (0.5, 0.5): 1.5^2 + 1.5^2 = 4.5 for every sample."""
    loss = FeatureMatchingLoss("mean")
    np.testing.assert_allclose(loss.call(REAL, FAKE), [4.5, 4.5])
    assert loss(REAL, FAKE) == 4.5
    # The batches may differ in size: mean (3, 4), so 2.5^2 + 3.5^2.
    np.testing.assert_allclose(loss.call(REAL[1:], FAKE), [18.5, 18.5])


def test_paired_value() -> None:
    """(1 + 1) / 2 = 1 and (2 + 4) / 2 = 3."""
    loss = FeatureMatchingLoss("paired")
    np.testing.assert_allclose(loss.call(REAL, FAKE), [1.0, 3.0])


@pytest.mark.parametrize("statistic", ["mean", "paired"])
def test_lists_are_summed(statistic: str) -> None:
    loss = FeatureMatchingLoss(statistic)
    maps = np.random.default_rng(1).normal(size=(2, 2, 3, 3, 4)).astype(np.float32)
    separate = loss(REAL, FAKE) + loss(maps[0], maps[1])
    together = loss([REAL, maps[0]], (FAKE, maps[1]))
    np.testing.assert_allclose(together, separate, rtol=1e-6)
    assert together.dtype == tf.float32
    half = loss([tf.cast(REAL, tf.bfloat16)], [tf.cast(FAKE, tf.bfloat16)])
    assert half.dtype == tf.float32
    with pytest.raises(ValueError, match=r"zip\(\)"):
        loss([REAL, REAL], [FAKE])


@pytest.mark.parametrize("statistic", ["mean", "paired"])
def test_configuration_and_gradient(statistic: str) -> None:
    loss = FeatureMatchingLoss(statistic)
    config = keras.saving.serialize_keras_object(loss)
    twin = keras.saving.deserialize_keras_object(config)
    assert twin.get_config() == loss.get_config()
    assert twin(REAL, FAKE) == loss(REAL, FAKE)
    fake = tf.constant(FAKE)
    with tf.GradientTape() as tape:
        tape.watch(fake)
        value = loss([REAL], [fake])
    assert np.all(np.asarray(tape.gradient(value, fake)) != 0.0)


def test_weights_of_layers() -> None:
    """Distances (1, 3) and, of doubled features, (2, 6), times 0.5 and 2.

    0.5 * 1 + 2 * 2 = 4.5 and 0.5 * 3 + 2 * 6 = 13.5.
    """
    loss = FeatureMatchingLoss("paired", weights=(0.5, 2))
    layers = [REAL, 2 * REAL], [FAKE, 2 * FAKE]
    np.testing.assert_allclose(loss.call(*layers), [4.5, 13.5])
    twin = FeatureMatchingLoss.from_config(loss.get_config())
    assert twin.weights == [0.5, 2.0]
    np.testing.assert_allclose(twin.call(*layers), [4.5, 13.5])
    with pytest.raises(ValueError, match=r"each of the 1 layers.*\[0.5, 2.0\]"):
        loss(REAL, FAKE)


def test_means_go_across_replicas() -> None:
    loss = FeatureMatchingLoss("mean")
    answers = [REAL.mean(axis=0), FAKE.mean(axis=0)]
    loss.across_replicas = lambda value: answers.pop(0)
    np.testing.assert_allclose(loss.call(REAL[:1], FAKE[:1]), [4.5])
    assert answers == []


def test_unknown_statistic() -> None:
    with pytest.raises(ValueError, match=r"'mean' or 'paired'.*'variance'"):
        FeatureMatchingLoss("variance")
