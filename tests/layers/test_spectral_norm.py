from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.layers.spectral_norm import SpectralConv2D
from imgan.layers.spectral_norm import SpectralDense
from imgan.layers.spectral_norm import SpectralEmbedding
from imgan.types import Array
from tests.contracts import check_layer
from tests.contracts import randomize

RANDOM = np.random.default_rng(7)

LAYERS: list[Any] = [
    lambda **a: SpectralConv2D(4, 3, strides=2, padding="same", **a),
    lambda **a: SpectralDense(4, **a),
    lambda **a: SpectralEmbedding(7, 4, **a),
]


def inputs_of(layer: Any) -> Any:
    if isinstance(layer, SpectralEmbedding):
        return tf.constant([0, 3, 6])
    shape = (2, 6, 5, 3) if isinstance(layer, SpectralConv2D) else (2, 3)
    return tf.constant(RANDOM.normal(size=shape).astype(np.float32))


def built(make: Any, **options: Any) -> tuple[Any, Any]:
    layer = make(**options)
    inputs = inputs_of(layer)
    layer(inputs)
    randomize(layer)
    return layer, inputs


def kernel_of(layer: Any) -> Any:
    return layer.trainable_weights[0]


def largest_singular_value(kernel: Any) -> float:
    matrix = np.asarray(kernel, np.float64).reshape(-1, kernel.shape[-1])
    return float(np.linalg.svd(matrix, compute_uv=False)[0])


def plain_twin(layer: Any, kernel: Array) -> Any:
    """The Keras layer without normalisation, with another kernel."""
    base = type(layer).__bases__[1]
    config = layer.get_config()
    del config["power_iterations"]
    twin = base.from_config(config)
    twin(inputs_of(layer))
    twin.set_weights([kernel, *[np.asarray(w) for w in layer.trainable_weights[1:]]])
    return twin


@pytest.mark.slow
@pytest.mark.parametrize("make", LAYERS)
def test_converges_to_kernel_over_its_largest_singular_value(make: Any) -> None:
    layer, inputs = built(make)
    for _ in range(200):
        outputs = layer(inputs, training=True)
    sigma = largest_singular_value(kernel_of(layer))
    twin = plain_twin(layer, np.asarray(kernel_of(layer)) / sigma)
    np.testing.assert_allclose(outputs, twin(inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", LAYERS)
def test_only_training_moves_the_estimate_and_nothing_the_kernel(make: Any) -> None:
    layer, inputs = built(make)
    kernel = np.asarray(kernel_of(layer)).copy()
    before = np.asarray(layer.direction).copy()
    first = np.asarray(layer(inputs))
    np.testing.assert_array_equal(layer(inputs, training=False), first)
    np.testing.assert_array_equal(layer.direction, before)
    for _ in range(3):
        before = np.asarray(layer.direction).copy()
        last = np.asarray(layer(inputs, training=True))
        assert not np.allclose(layer.direction, before, atol=1e-6)
    np.testing.assert_array_equal(kernel_of(layer), kernel)
    # What the last call in training gave is what inference gives from then on.
    np.testing.assert_allclose(layer(inputs), last, rtol=1e-5, atol=1e-6)


def test_power_iterations_are_several_calls_in_one() -> None:
    once, inputs = built(LAYERS[1])
    thrice, _ = built(LAYERS[1], power_iterations=3)
    for _ in range(3):
        expected = once(inputs, training=True)
    actual = thrice(inputs, training=True)
    np.testing.assert_allclose(actual, expected, rtol=1e-6)
    np.testing.assert_allclose(thrice.direction, once.direction, rtol=1e-6)


def test_no_power_iteration_is_refused() -> None:
    with pytest.raises(ValueError, match=r"power_iterations .* Received: 0"):
        SpectralDense(3, power_iterations=0)


def test_gradient_goes_through_sigma() -> None:
    """The gradient of `sum(G * W / sigma)` is `(G - <G, W> / sigma * v u') / sigma`.

    Equation 12 of the paper's appendix, with `u` and `v` the singular vectors of W. A
    gradient that took sigma for a constant would be `G / sigma`.
    """
    layer, _ = built(LAYERS[1], use_bias=False)
    for _ in range(300):
        layer(tf.zeros((1, 3)), training=True)
    kernel = np.asarray(layer.trainable_weights[0], np.float64)
    weights = RANDOM.normal(size=kernel.shape)
    with tf.GradientTape() as tape:
        normalized = layer(tf.eye(3), training=True)
        value = tf.reduce_sum(normalized * weights.astype(np.float32))
    gradient = tape.gradient(value, layer.trainable_weights[0])
    left, values, right = np.linalg.svd(kernel)
    outer = np.outer(left[:, 0], right[0])
    inner = np.sum(weights * kernel) / values[0]
    expected = (weights - inner * outer) / values[0]
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-3)


def test_second_gradient_is_finite() -> None:
    """R1 and the gradient penalty differentiate the gradient."""
    layer, inputs = built(LAYERS[0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(inputs)
            outputs = tf.reduce_sum(tf.square(layer(inputs, training=True)))
        penalty = tf.reduce_sum(tf.square(inner.gradient(outputs, inputs)))
    gradient = np.asarray(outer.gradient(penalty, layer.trainable_weights[0]))
    assert np.isfinite(gradient).all()
    assert gradient.any()


@pytest.mark.parametrize("training", [False, True])
def test_kernel_of_zeros_is_finite(training: bool) -> None:
    layer, inputs = built(LAYERS[1])
    kernel_of(layer).assign(tf.zeros((3, 4)))
    with tf.GradientTape() as tape:
        outputs = layer(inputs, training=training)
    np.testing.assert_allclose(outputs, np.tile(layer.bias, (2, 1)))
    assert np.isfinite(tape.gradient(outputs, kernel_of(layer))).all()
    assert np.isfinite(layer.direction).all()


def test_contract() -> None:
    images = RANDOM.normal(size=(2, 5, 6, 3)).astype(np.float32)
    check_layer(SpectralConv2D(4, 3, padding="same", power_iterations=2), images)


@pytest.mark.parametrize("make", LAYERS)
def test_sigma_is_float32_under_mixed_precision(make: Any) -> None:
    layer, inputs = built(make)
    mixed, _ = built(make, dtype="mixed_bfloat16")
    mixed.set_weights(layer.get_weights())
    expected = layer(inputs, training=True)
    outputs = mixed(inputs, training=True)
    assert outputs.dtype == tf.bfloat16
    np.testing.assert_allclose(outputs, expected, rtol=0.05, atol=0.02)
    np.testing.assert_array_equal(mixed.direction, layer.direction)


@pytest.mark.parametrize("make", LAYERS)
def test_estimate_is_saved(make: Any, tmp_path: Path) -> None:
    """Keras' own layers save only the kernel and the bias."""
    layer, inputs = built(make)
    model = keras.Sequential([layer])
    model(inputs)
    model.save_weights(tmp_path / "model.weights.h5")
    twin, _ = built(make)
    twin.set_weights([np.zeros(w.shape, np.float32) for w in twin.weights])
    copy = keras.Sequential([twin])
    copy(inputs)
    copy.load_weights(tmp_path / "model.weights.h5")
    for left, right in zip(twin.weights, layer.weights, strict=True):
        np.testing.assert_array_equal(left, right)
