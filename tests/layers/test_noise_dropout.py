"""Dropout that may stay on at inference."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.layers.noise_dropout import NoiseDropout
from imgan.types import Array
from tests.contracts import check_layer

ONES = np.ones((2, 16, 24, 8), np.float32)


def dropped(layer: Any, **options: Any) -> Array:
    return np.asarray(layer(tf.constant(ONES), **options))


@pytest.mark.parametrize("noise_seed", [None, 0, 7])
def test_contract(noise_seed: int | None) -> None:
    outputs = check_layer(NoiseDropout(0.25, 1, noise_seed), ONES)
    assert (outputs == 1).all() is np.bool(noise_seed is None)


def test_without_a_noise_seed_it_is_dropout() -> None:
    layer = NoiseDropout(0.5, seed=3)
    plain = keras.layers.Dropout(0.5, seed=3)
    for _ in range(2):
        np.testing.assert_array_equal(
            dropped(layer, training=True), dropped(plain, training=True)
        )
    np.testing.assert_array_equal(dropped(layer), ONES)


def test_noise_is_a_function_of_the_seeds() -> None:
    """A quarter is dropped and the rest is 4/3; binomial, so within 5 deviations."""
    noise = dropped(NoiseDropout(0.25, seed=1, noise_seed=7))
    assert set(np.unique(noise)) == {np.float32(0), np.float32(4 / 3)}
    deviation = np.sqrt(0.25 * 0.75 / ONES.size)
    assert abs((noise == 0).mean() - 0.25) < 5 * deviation
    layer = NoiseDropout(0.25, seed=1, noise_seed=7)
    np.testing.assert_array_equal(dropped(layer), noise)
    np.testing.assert_array_equal(dropped(layer), noise)
    np.testing.assert_array_equal(tf.function(layer)(tf.constant(ONES)), noise)
    for seed, noise_seed in ((2, 7), (1, 8), (7, 1), (0, 0)):
        other = dropped(NoiseDropout(0.25, seed=seed, noise_seed=noise_seed))
        # Independent masks agree in 0.25**2 + 0.75**2 of the places.
        assert abs((other == noise).mean() - 0.625) < 0.05


def test_training_goes_on_from_mask_to_mask() -> None:
    layer = NoiseDropout(0.5, seed=1, noise_seed=7)
    first = dropped(layer, training=True)
    second = dropped(layer, training=True)
    assert (first != second).any()
    np.testing.assert_array_equal(dropped(layer), dropped(layer))


def test_nothing_is_dropped_at_a_rate_of_0() -> None:
    np.testing.assert_array_equal(dropped(NoiseDropout(0.0, 1, 7)), ONES)
