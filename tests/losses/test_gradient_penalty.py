from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.gradient_penalty import GradientPenaltyLoss
from imgan.losses.gradient_penalty import R1Loss

# Norms 5, 1 and 0.
GRADIENTS = np.zeros((3, 1, 2, 1), np.float32)
GRADIENTS[0, 0, :, 0] = (3.0, -4.0)
GRADIENTS[1, 0, 1, 0] = -1.0


def test_gradient_penalty_values() -> None:
    """Norms 5, 1, 0: 2 (5 - 1)^2 = 32, 0, and 2 (0 - 1)^2 = 2, as it is two-sided."""
    loss = GradientPenaltyLoss(weight=2.0)
    np.testing.assert_allclose(loss.call(0.0, GRADIENTS), [32.0, 0.0, 2.0], atol=1e-6)
    np.testing.assert_allclose(loss(0.0, GRADIENTS), 34.0 / 3.0, rtol=1e-6)


def test_r1_values() -> None:
    """Gamma 3: 3/2 times 25, 1 and 0."""
    loss = R1Loss(gamma=3.0)
    np.testing.assert_allclose(loss.call(0.0, GRADIENTS), [37.5, 1.5, 0.0])


@pytest.mark.parametrize("loss", [GradientPenaltyLoss(weight=0.5), R1Loss(gamma=0.1)])
def test_contract(loss: Any) -> None:
    half = loss(0.0, tf.cast(GRADIENTS, tf.float16))
    assert half.dtype == tf.float32
    # 300 squared is beyond float16.
    assert np.isfinite(loss(0.0, tf.fill((1, 2, 2, 1), tf.constant(300, tf.float16))))
    config = keras.saving.serialize_keras_object(loss)
    twin = keras.saving.deserialize_keras_object(config)
    assert twin.get_config() == loss.get_config()
    np.testing.assert_array_equal(twin(0.0, GRADIENTS), loss(0.0, GRADIENTS))


def test_derivative_at_zero_is_finite() -> None:
    """Two-sided: d/dg of (|g| - 1)^2 is 2 (|g| - 1) g/|g|; 0 is taken where g is 0.

    (3, -4): 2 * 4 * (0.6, -0.8). (0, -1): nothing, its norm is 1.
    """
    gradients = tf.constant(GRADIENTS)
    with tf.GradientTape() as tape:
        tape.watch(gradients)
        value = tf.reduce_sum(GradientPenaltyLoss(weight=1.0).call(0.0, gradients))
    derivative = np.asarray(tape.gradient(value, gradients))[:, 0, :, 0]
    expected = [[4.8, -6.4], [0.0, 0.0], [0.0, 0.0]]
    np.testing.assert_allclose(derivative, expected, rtol=1e-5, atol=1e-6)


def test_second_derivative_reaches_the_weights() -> None:
    """D(x) = sum(w x^2): its slope is 2 w x, R1 with gamma 1 is 2 sum(w^2 x^2).

    By w: 4 w x^2; w = (1, 3), x = (2, 1) give 16 and 12.
    """
    weights, images = tf.Variable([1.0, 3.0]), tf.constant([[2.0, 1.0]])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(images)
            logits = tf.reduce_sum(weights * images**2, axis=1)
        penalty = R1Loss(gamma=1.0)(0.0, inner.gradient(logits, images))
    np.testing.assert_allclose(outer.gradient(penalty, weights), [16.0, 12.0])
