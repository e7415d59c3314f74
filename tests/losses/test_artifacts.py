import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.artifacts import ArtifactLoss

RANDOM = np.random.default_rng(3)
TARGET, OUTPUT = RANDOM.random((2, 2, 9, 8, 3)).astype(np.float32)
# Farther from the target everywhere.
WORSE = TARGET + 2 * (OUTPUT - TARGET)


def test_map_is_that_of_numpy() -> None:
    """By the definition, one pixel after the other."""
    loss = ArtifactLoss(window=5)
    found = np.asarray(loss.artifact_map(TARGET, OUTPUT, WORSE * 0 + TARGET))
    residual = np.abs(TARGET - OUTPUT).sum(axis=3, dtype=np.float64)
    assert found.shape == (2, 9, 8, 1)
    for image in range(2):
        padded = np.pad(residual[image], 2, mode="reflect")
        overall = residual[image].var(ddof=1) ** 0.2
        for y, x in np.ndindex(9, 8):
            local = padded[y : y + 5, x : x + 5].var(ddof=1)
            assert found[image, y, x, 0] == pytest.approx(overall * local, rel=1e-4)


def test_value() -> None:
    """One channel, 3x3 with a residual of 9 in the middle, window 3.

    Over the image the mean is 1 and the unbiased variance (64 + 8) / 8 = 9. Reflected
    windows hold the middle once, at the centre; twice, from the middle of an edge;
    four times, from a corner. Only the middle has a residual to be weighted: its
    window is the image, so the loss is 9^(1/5) * 9 * 9 / 9 = 9^(6/5).
    """
    target = np.zeros((1, 3, 3, 1), np.float32)
    output = target.copy()
    output[0, 1, 1, 0] = -9.0
    value = ArtifactLoss(window=3).call(target, [output, target])
    np.testing.assert_allclose(value, [9**1.2], rtol=1e-5)


def test_nothing_where_the_steadier_output_is_worse() -> None:
    loss = ArtifactLoss()
    steady = TARGET.copy()
    steady[:, :, :4] = WORSE[:, :, :4]
    found = np.asarray(loss.artifact_map(TARGET, OUTPUT, steady))
    assert not found[:, :, :4].any()
    assert found[:, :, 4:].all()
    assert np.all(loss.call(TARGET, [OUTPUT, WORSE]) == 0.0)


def test_gradient_reaches_the_output_alone_and_not_through_the_map() -> None:
    """It is the map times the sign of the difference, over the number of values."""
    loss = ArtifactLoss()
    target, output, steady = map(tf.constant, (TARGET, OUTPUT, TARGET))
    with tf.GradientTape() as tape:
        tape.watch([output, steady])
        value = tf.reduce_sum(loss.call(target, [output, steady]))
    of_output, of_steady = tape.gradient(value, [output, steady])
    weight = np.asarray(loss.artifact_map(target, output, steady))
    expected = weight * np.sign(OUTPUT - TARGET) / TARGET[0].size
    np.testing.assert_allclose(of_output, expected, rtol=1e-5)
    assert of_steady is None or not np.any(of_steady)
    # At the target itself roots and variances are 0.
    with tf.GradientTape() as tape:
        tape.watch(target)
        value = loss(target, [target, target])
    assert value == 0.0
    assert np.isfinite(tape.gradient(value, target)).all()


def test_as_a_keras_loss() -> None:
    loss = ArtifactLoss(window=5)
    each = loss.call(TARGET, [OUTPUT, TARGET])
    assert each.shape == (2,)
    np.testing.assert_allclose(loss(TARGET, (OUTPUT, TARGET)), np.mean(each), rtol=1e-6)
    half = loss(TARGET, [tf.cast(OUTPUT, tf.bfloat16), TARGET])
    assert half.dtype == tf.float32
    config = keras.saving.serialize_keras_object(loss)
    twin = keras.saving.deserialize_keras_object(config)
    assert twin.get_config() == loss.get_config()
    assert twin(TARGET, [OUTPUT, TARGET]) == loss(TARGET, [OUTPUT, TARGET])
    with pytest.raises(ValueError, match=r"odd number from 3.*4"):
        ArtifactLoss(window=4)
