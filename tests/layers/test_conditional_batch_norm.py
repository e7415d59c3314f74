from typing import Any

import numpy as np
import tensorflow as tf

from imgan.layers.conditional_batch_norm import ConditionalBatchNormalization

RANDOM = np.random.default_rng(9)
IMAGES = RANDOM.normal(1.0, 2.0, (6, 4, 3, 2)).astype(np.float32)
LABELS = np.array([0, 2, 1, 0, 2, 2], np.int32)


def built(**options: Any) -> ConditionalBatchNormalization:
    layer = ConditionalBatchNormalization(3, **options)
    layer([IMAGES, LABELS])
    layer.gamma.assign(RANDOM.normal(1.0, 0.3, (3, 2)))
    layer.beta.assign(RANDOM.normal(0.0, 0.3, (3, 2)))
    return layer


def test_training_normalises_the_batch_and_scales_by_label() -> None:
    layer = built()
    outputs = layer([IMAGES, LABELS], training=True)
    mean, variance = IMAGES.mean((0, 1, 2)), IMAGES.var((0, 1, 2))
    normal = (IMAGES - mean) / np.sqrt(variance + 1e-5)
    for index, label in enumerate(LABELS):
        expected = normal[index] * layer.gamma[label] + layer.beta[label]
        np.testing.assert_allclose(outputs[index], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.norm.moving_mean, 0.1 * mean, rtol=1e-5)


def test_inference_uses_the_moving_statistics() -> None:
    layer = built()
    layer.norm.moving_mean.assign([1.0, -1.0])
    layer.norm.moving_variance.assign([4.0, 9.0])
    outputs = layer([IMAGES, LABELS])
    normal = (IMAGES - [1.0, -1.0]) / [2.0, 3.0]
    scale = np.asarray(layer.gamma)[LABELS][:, None, None]
    offset = np.asarray(layer.beta)[LABELS][:, None, None]
    np.testing.assert_allclose(outputs, normal * scale + offset, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(layer.norm.moving_mean, [1.0, -1.0])


def test_starts_as_plain_batch_normalisation() -> None:
    layer = ConditionalBatchNormalization(3)
    outputs = np.asarray(layer([IMAGES, LABELS], training=True))
    np.testing.assert_allclose(outputs.mean((0, 1, 2)), 0.0, atol=1e-5)
    np.testing.assert_allclose(outputs.std((0, 1, 2)), 1.0, atol=1e-4)


def test_only_present_labels_get_a_gradient() -> None:
    layer = built()
    with tf.GradientTape() as tape:
        outputs = layer([IMAGES[:2], np.array([0, 2], np.int32)], training=True)
        loss = tf.reduce_sum(outputs**3)
    for gradient in tape.gradient(loss, [layer.gamma, layer.beta]):
        touched = np.asarray(tf.convert_to_tensor(gradient)).any(axis=1)
        assert touched.tolist() == [True, False, True]


def test_configuration_and_mixed_precision() -> None:
    layer = built(momentum=0.8, epsilon=1e-3)
    config = layer.get_config()
    twin = ConditionalBatchNormalization.from_config(config)
    assert twin.get_config() == config
    assert layer.compute_output_shape([IMAGES.shape, LABELS.shape]) == IMAGES.shape
    mixed = ConditionalBatchNormalization.from_config(
        {**config, "dtype": "mixed_bfloat16"}
    )
    mixed([IMAGES, LABELS])
    mixed.set_weights(layer.get_weights())
    outputs = mixed([IMAGES, LABELS], training=True)
    assert outputs.dtype == tf.bfloat16
    assert {weight.dtype for weight in mixed.weights} == {"float32"}
    expected = layer([IMAGES, LABELS], training=True)
    np.testing.assert_allclose(outputs, expected, rtol=0.05, atol=0.05)
