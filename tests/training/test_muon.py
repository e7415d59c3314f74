"""The optimizer of the long trainings."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import ortho_group

from imgan.config.srgan import PixelOptimizerConfig
from imgan.training.muon import ConvMuon
from imgan.training.optimizers import build_optimizer
from imgan.types import Array


def moved(shape: tuple[int, ...], gradient: Array, steps: int = 1) -> Array:
    """Return how far a variable of zeros has come at a rate of 0.01."""
    variable = keras.Variable(np.zeros(shape, np.float32))
    optimizer = ConvMuon(0.01)
    for _ in range(steps):
        optimizer.apply([gradient.reshape(shape).astype(np.float32)], [variable])
    return np.array(variable).reshape(gradient.shape)


def test_a_step_is_orthogonal_whatever_the_gradient_s_singular_values() -> None:
    """U diag(s) V: all of s become about 1, for s over one decade."""
    left = ortho_group.rvs(144, random_state=1)[:, :16]
    right = ortho_group.rvs(16, random_state=2)
    gradient = left @ np.diag(np.geomspace(0.1, 1.0, 16)) @ right
    step = moved((3, 3, 16, 16), gradient)
    # The scale: rate * 0.2 * sqrt(max(rows, columns)) = 0.01 * 0.2 * 12.
    inner = left.T @ step @ right.T / -(0.01 * 0.2 * 12)
    # Five iterations end between 0.68 and 1.14, for the sake of speed.
    assert np.all(np.diag(inner) > 0.6)
    assert np.all(np.diag(inner) < 1.2)
    np.testing.assert_allclose(inner - np.diag(np.diag(inner)), 0, atol=1e-4)


def test_the_length_of_the_gradient_does_not_count() -> None:
    gradient = np.random.default_rng(0).normal(size=(144, 16))
    small, large = (moved((3, 3, 16, 16), gradient * scale) for scale in (1e-3, 10.0))
    np.testing.assert_allclose(small, large, rtol=1e-3, atol=1e-6)


def test_steps_have_the_size_of_adam_s() -> None:
    """A root mean square of about 0.2 times the rate."""
    gradient = np.random.default_rng(0).normal(size=(576, 64))
    step = moved((3, 3, 64, 64), gradient)
    assert np.sqrt(np.mean(step**2)) == pytest.approx(0.2 * 0.01, rel=0.3)


def test_momentum_carries_on() -> None:
    """After a gradient and none, the second step goes the same way."""
    gradient = np.random.default_rng(0).normal(size=(16, 16))
    variable = keras.Variable(np.zeros((1, 1, 16, 16), np.float32))
    optimizer = ConvMuon(0.01)
    optimizer.apply([gradient.reshape(1, 1, 16, 16).astype(np.float32)], [variable])
    first = np.array(variable)
    optimizer.apply([np.zeros((1, 1, 16, 16), np.float32)], [variable])
    np.testing.assert_allclose(np.array(variable), 2 * first, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 3, 3, 64), (3, 3, 64, 3), (64,), (8, 8)])
def test_pictures_biases_and_matrices_are_moved_by_adam(shape: tuple[int, ...]) -> None:
    gradient = np.random.default_rng(0).normal(size=shape)
    expected = keras.Variable(np.zeros(shape, np.float32))
    adam = keras.optimizers.Adam(0.4 * 0.01)
    for _ in range(3):
        adam.apply([gradient.astype(np.float32)], [expected])
    found = moved(shape, gradient, steps=3)
    np.testing.assert_allclose(found, np.array(expected), rtol=1e-4)


def test_nothing_decays() -> None:
    variable = keras.Variable(np.ones((1, 1, 16, 16), np.float32))
    ConvMuon(0.01).apply([np.zeros((1, 1, 16, 16), np.float32)], [variable])
    np.testing.assert_array_equal(np.array(variable), 1.0)


def test_it_is_saved_and_loaded() -> None:
    optimizer = ConvMuon(3e-3, adam_lr_ratio=0.5, momentum=0.9)
    twin = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert isinstance(twin, ConvMuon)
    assert twin.get_config() == optimizer.get_config()


def test_recipes_name_it() -> None:
    config = PixelOptimizerConfig(kind="muon", learning_rate=1e-3, beta_2=0.99)
    optimizer = build_optimizer(config, 10, 1.0)
    assert isinstance(optimizer, ConvMuon)
    assert (optimizer.adam_beta_1, optimizer.adam_beta_2) == (0.9, 0.99)


def test_a_checkpoint_holds_all_of_it(tmp_path: Path) -> None:
    """Restored into a new optimizer, the next step is the same to the bit."""
    random = np.random.default_rng(0)
    shapes = [(3, 3, 16, 16), (3, 3, 3, 16), (16,)]
    gradients = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    variables = [keras.Variable(np.ones(shape, np.float32)) for shape in shapes]
    optimizer = ConvMuon(0.01)
    for _ in range(3):
        optimizer.apply(gradients, variables)
    path = tf.train.Checkpoint(optimizer=optimizer).write(str(tmp_path / "state"))
    twins = [keras.Variable(np.array(variable)) for variable in variables]
    restored = ConvMuon(0.01)
    restored.build(twins)
    tf.train.Checkpoint(optimizer=restored).read(path).assert_consumed()
    optimizer.apply(gradients, variables)
    restored.apply(gradients, twins)
    for one, two in zip(variables, twins, strict=True):
        np.testing.assert_array_equal(np.array(one), np.array(two))
