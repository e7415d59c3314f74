from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.gradient_penalty import GradientPenaltyLoss
from imgan.losses.gradient_penalty import R1Loss
from imgan.models.gan import GAN
from imgan.models.penalties import SlopePenalties
from imgan.models.randomness import StepRandom
from imgan.types import Array
from tests.models.adversarial import batch
from tests.models.adversarial import compiled
from tests.models.adversarial import networks
from tests.models.adversarial import numbers


def penalties(discriminator: Any, **options: Any) -> SlopePenalties:
    random = StepRandom(5)
    random.begin(1)
    given = {"gradient_penalty": None, "r1": None, "r1_every": 1, **options}
    return SlopePenalties(discriminator, random, **given)


def linear(slope: list[float]) -> keras.Model:
    """The logit is `slope . x + 7` of two pixels."""
    pixels = keras.Input((1, 2, 1))
    flat = keras.layers.Flatten()(pixels)
    model = keras.Model(pixels, keras.layers.Dense(1, name="logit")(flat))
    model.set_weights([np.array(slope)[:, None], np.array([7.0])])
    return model


def test_gradient_penalty_of_a_linear_discriminator() -> None:
    """Slope (3, 4) everywhere, norm 5: 10 * (5 - 1)**2 = 160.

    By the slope: 2 * 10 * (5 - 1) * (3, 4) / 5 = (48, 64); by the bias: nothing.
    """
    network = linear([3.0, 4.0])
    penalty = penalties(network, gradient_penalty=GradientPenaltyLoss(10.0))
    real, fake = tf.ones((2, 1, 2, 1)), tf.zeros((2, 1, 2, 1))
    with tf.GradientTape() as tape:
        values, weights = penalty(real, fake, [], tf.constant(1))
    assert float(values["gradient_penalty"]) == pytest.approx(160.0)
    assert weights == {}
    kernel, bias = tape.gradient(
        values["gradient_penalty"], network.trainable_variables
    )
    np.testing.assert_allclose(np.ravel(kernel), [48.0, 64.0], rtol=1e-5)
    assert bias is None


def test_r1_of_a_linear_discriminator() -> None:
    """Slope (3, 4): 0.5 / 2 * 25 = 6.25, by the slope 0.5 * (3, 4); due, times 4."""
    network = linear([3.0, 4.0])
    penalty = penalties(network, r1=R1Loss(0.5), r1_every=4)
    real = tf.ones((2, 1, 2, 1))
    with tf.GradientTape() as tape:
        values, weights = penalty(real, real, [], tf.constant(8))
    assert float(values["r1"]) == pytest.approx(4 * 6.25)
    assert float(weights["r1"]) == 1.0
    kernel = tape.gradient(values["r1"], network.trainable_variables)[0]
    np.testing.assert_allclose(np.ravel(kernel), [4 * 1.5, 4 * 2.0], rtol=1e-5)
    values, weights = penalty(real, real, [], tf.constant(9))
    assert (float(values["r1"]), float(weights["r1"])) == (0.0, 0.0)


def test_slopes_are_taken_between_real_and_generated() -> None:
    """The logit is x**2 / 2 of one pixel, so its slope is where it was taken."""
    pixel = keras.Input((1, 1, 1))
    half = keras.layers.Rescaling(0.5)(pixel)
    network = keras.Model(pixel, keras.layers.Multiply()([half, pixel]))
    seen: list[Array] = []

    def record(zeros: Any, slopes: Any) -> Any:
        seen.append(np.ravel(slopes))
        return tf.reduce_sum(zeros)

    penalty = penalties(network, gradient_penalty=record, r1=record)
    real = tf.fill((500, 1, 1, 1), 1.0)
    fake = tf.fill((500, 1, 1, 1), 3.0)
    penalty(real, fake, [], tf.constant(1))
    between, at_real = seen
    assert 1.0 <= between.min() < 1.05
    assert 2.95 < between.max() <= 3.0
    assert len(np.unique(between)) > 450
    np.testing.assert_allclose(at_real, 1.0)


def test_r1_is_taken_every_so_often_and_averaged_over_those_steps() -> None:
    """A discriminator that does not learn has the same R1 at steps 3 and 6 of 7."""

    def still() -> Any:
        return keras.optimizers.SGD(0.0)

    pair = networks(normalization="none")
    model = compiled(GAN(*pair), optimizer=still, r1=0.5, r1_every=3)
    data = batch()
    reported = [numbers(model.train_step(data))["discriminator_r1"] for _ in range(7)]
    with tf.GradientTape() as tape:
        tape.watch(data["images"])
        total = tf.reduce_sum(pair[1](data["images"], training=True))
    slopes = tape.gradient(total, data["images"])
    once = 0.25 * float(tf.reduce_mean(tf.reduce_sum(slopes**2, axis=(1, 2, 3))))
    assert once > 0
    assert reported == pytest.approx([0.0, 0.0] + [3 * once] * 5, rel=1e-4)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_changes_nothing(dtype: str) -> None:
    options: dict[str, Any] = {"classes": 3, "normalization": "none", "spectral": True}
    half = networks(dtype=dtype, **options)[1]
    full = networks(**options)[1]
    real, fake = batch(classes=3), batch(classes=3, seed=1)
    results = []
    for network in (half, full):
        penalty = penalties(
            network, gradient_penalty=GradientPenaltyLoss(10.0), r1=R1Loss(50.0)
        )
        # Weights that the float32 twin has not been made with.
        for weight in network.trainable_weights:
            weight.assign(2.0 * weight + 0.01)
        with tf.GradientTape() as tape:
            values, _ = penalty(
                real["images"], fake["images"], [real["labels"]], tf.constant(1)
            )
            total = sum(values.values())
        gradients = tape.gradient(total, network.trainable_variables)
        results.append([*values.values(), *(g for g in gradients if g is not None)])
    ours, expected = results
    assert len(ours) == len(expected) > 4
    for mine, theirs in zip(ours, expected, strict=True):
        assert mine.dtype == tf.float32
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [None, "mixed_bfloat16"])
def test_leaves_no_trace(dtype: str | None) -> None:
    """Moving statistics, spectral directions, seeds of dropout: all as before."""
    network = networks(dtype=dtype, normalization="batch", spectral=True, dropout=0.3)[
        1
    ]
    penalty = penalties(
        network, gradient_penalty=GradientPenaltyLoss(10.0), r1=R1Loss(0.5)
    )
    real, fake = batch()["images"], batch(seed=1)["images"]
    before = [np.array(v) for v in network.variables]
    penalty(real, fake, [], tf.constant(1))
    after = [np.array(v) for v in network.variables]
    for variable, old, new in zip(network.variables, before, after, strict=True):
        np.testing.assert_array_equal(new, old, err_msg=variable.path)
    # An ordinary look does leave one, in all three.
    network(real, training=True)
    pairs = zip(network.non_trainable_variables, _others(network, before), strict=True)
    changed = {v.path.split("/")[-1] for v, old in pairs if not np.array_equal(v, old)}
    assert len(changed) >= 3


def _others(network: Any, values: list[Array]) -> list[Array]:
    others = {id(variable) for variable in network.non_trainable_variables}
    pairs = zip(network.variables, values, strict=True)
    return [value for variable, value in pairs if id(variable) in others]
