import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.pixel import CharbonnierLoss
from imgan.losses.pixel import PixelL1Loss
from imgan.models.regression import Regression
from imgan.networks.repsr import RepSR
from imgan.types import Array
from tests.models.small import OneWeight

BATCH = {
    "lr_images": np.array([1, 2, 3, 4], np.float32).reshape(1, 2, 2, 1),
    "hr_images": np.array([1, 1, 1, 4], np.float32).reshape(1, 2, 2, 1),
}


def compiled(network: keras.Model, rate: float = 0.1, **options: Any) -> Regression:
    model = Regression(network, **options)
    model.compile(keras.optimizers.SGD(rate), pixel_loss=PixelL1Loss())
    return model


def small_network() -> RepSR:
    return RepSR(scale=2, num_filters=4, num_convs=1)


def noise(batch: int = 2, size: int = 6, scale: int = 2) -> dict[str, Array]:
    random = np.random.default_rng(2)
    return {
        "lr_images": random.random((batch, size, size, 3)).astype(np.float32),
        "hr_images": random.random((batch, size * scale, size * scale, 3)).astype(
            np.float32
        ),
    }


def test_one_step_of_gradient_descent() -> None:
    """w = 1/2, inputs 1 2 3 4, targets 1 1 1 4, rate 0.1.

    Predictions 0.5 1 1.5 2 differ by -0.5 0 0.5 -2: the loss is 3/4. Its derivative is
    the mean of sign(difference) * input: (-1 + 0 + 3 - 4) / 4 = -1/2. So w becomes
    0.5 + 0.1 * 0.5 = 0.55. The average keeps min(0.999, 2/11) after step one and moves
    by 9/11 of the way: 0.5 + 9/11 * 0.05.
    """
    network = OneWeight(0.5)
    model = compiled(network)
    logs = model.train_step(BATCH)
    assert {name: float(v) for name, v in logs.items()} == pytest.approx(
        {"generator_loss": 0.75, "generator_gradient_norm": 0.5}
    )
    assert network.weight == pytest.approx(0.55)
    assert model.ema_generator.weight == pytest.approx(0.5 + 9 / 11 * 0.05)


def test_fit_takes_the_same_steps() -> None:
    by_hand, fitted = compiled(small_network()), compiled(small_network())
    fitted.set_weights(by_hand.get_weights())
    data = tf.data.Dataset.from_tensors(noise()).repeat()
    for _ in range(3):
        by_hand.train_step(noise())
    steps = {"steps_per_epoch": 3, "shuffle": False, "verbose": 0}
    history = fitted.fit(data, **steps).history
    assert set(history) == {"generator_loss", "generator_gradient_norm"}
    for left, right in zip(by_hand.weights, fitted.weights, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
    assert int(fitted.generator_optimizer.iterations) == 3


def test_a_perfect_prediction_is_finite() -> None:
    model = compiled(OneWeight(1.0))
    logs = model.train_step({name: BATCH["lr_images"] for name in BATCH})
    assert [float(value) for value in logs.values()] == [0.0, 0.0]


def test_only_the_generator_is_trained_and_by_one_optimizer() -> None:
    network = small_network()
    model = compiled(network)
    assert model.optimizer is None
    trained = {variable.path for variable in model.trainable_variables}
    assert trained == {variable.path for variable in network.trainable_variables}
    slots = len(model.generator_optimizer.variables)
    model.train_step(noise())
    assert len(model.generator_optimizer.variables) == slots, "slots made by a step"


def test_call_is_the_generator() -> None:
    model = compiled(small_network())
    images = noise()["lr_images"]
    np.testing.assert_array_equal(model(images), model.generator(images))


def test_saved_and_loaded_it_goes_on_as_if_never_stopped(tmp_path: Path) -> None:
    model = Regression(small_network(), ema_decay=0.5)
    model.compile(keras.optimizers.Adam(1e-2), pixel_loss=CharbonnierLoss(0.01))
    model.train_step(noise())
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.generator, RepSR)
    assert loaded.ema_decay == 0.5
    assert loaded.pixel_loss.epsilon == 0.01
    assert int(loaded.generator_optimizer.iterations) == 1
    for one in (model, loaded):
        one.train_step(noise())
    for left, right in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_checkpoint_holds_what_dropout_draws_next(tmp_path: Path) -> None:
    """Networks of others may have some."""

    def made() -> Regression:
        images = keras.Input((6, 6, 3))
        x = keras.layers.Dropout(0.5, seed=3)(keras.layers.UpSampling2D(2)(images))
        x = keras.layers.Conv2D(3, 1, kernel_initializer="ones")(x)
        return compiled(keras.Model(images, x))

    model = made()
    model.train_step(noise())
    path = tf.train.Checkpoint(**model.training_state()).write(str(tmp_path / "state"))
    resumed = made()
    tf.train.Checkpoint(**resumed.training_state()).read(path).assert_consumed()
    for one in (model, resumed):
        one.train_step(noise())
    assert resumed.generator_optimizer.iterations == 2
    for ours, expected in zip(resumed.weights, model.weights, strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_an_uncompiled_model_can_be_saved(tmp_path: Path) -> None:
    model = Regression(small_network())
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    images = noise()["lr_images"]
    np.testing.assert_array_equal(loaded(images), model(images))


def half_precision(start: float = 0.5) -> Regression:
    return compiled(OneWeight(start, dtype="mixed_float16"))


def test_float16_scales_the_loss_once() -> None:
    model = half_precision()
    assert isinstance(model.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    inner = model.generator_optimizer.inner_optimizer
    assert isinstance(inner, keras.optimizers.SGD)
    model.compile(model.generator_optimizer, pixel_loss=PixelL1Loss())
    assert model.generator_optimizer.inner_optimizer is inner
    bfloat16 = compiled(OneWeight(dtype="mixed_bfloat16"))
    assert isinstance(bfloat16.generator_optimizer, keras.optimizers.SGD)


def test_a_scaled_step_equals_a_plain_one() -> None:
    """All numbers of the hand-computed step are exact in float16."""
    model = half_precision()
    logs = model.train_step(BATCH)
    assert float(logs["generator_loss"]) == pytest.approx(0.75)
    assert float(logs["generator_gradient_norm"]) == pytest.approx(0.5)
    assert model.generator.weight == pytest.approx(0.55)


def test_a_step_that_overflows_is_skipped_and_not_reported() -> None:
    """A gradient of 10,000 times the initial scale of 32,768 is beyond float16."""
    model = half_precision()
    large = {"lr_images": BATCH["lr_images"] * 1e4, "hr_images": BATCH["hr_images"]}
    scale = float(model.generator_optimizer.dynamic_scale)
    logs = model.train_step(large)
    assert model.generator.weight == 0.5
    assert int(model.generator_optimizer.iterations) == 0
    assert float(model.generator_optimizer.dynamic_scale) == scale / 2
    assert np.isfinite(float(logs["generator_gradient_norm"]))
    logs = model.train_step(BATCH)
    assert float(logs["generator_gradient_norm"]) == pytest.approx(0.5)
    assert model.generator.weight == pytest.approx(0.55)


def test_without_scaling_a_gradient_that_is_not_finite_is_reported() -> None:
    model = compiled(OneWeight())
    broken = {"lr_images": BATCH["lr_images"] * np.nan, "hr_images": BATCH["hr_images"]}
    logs = model.train_step(broken)
    assert not np.isfinite(float(logs["generator_gradient_norm"]))


def test_nothing_warns_while_a_model_is_compiled() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled(small_network())
