import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.adversarial import ADVERSARIAL_LOSSES
from imgan.losses.adversarial import SIDES
from imgan.losses.adversarial import LeastSquaresLoss
from imgan.losses.adversarial import NonSaturatingLoss
from imgan.losses.adversarial import RelativisticAverageLoss
from imgan.losses.adversarial import WassersteinLoss
from imgan.types import Array

REAL = np.array([[0.0], [np.log(3.0)]], np.float32)
FAKE = np.array([[0.0], [-np.log(3.0)]], np.float32)

EVERY = [(kind, side) for kind in ADVERSARIAL_LOSSES for side in SIDES]


def _softplus(value: float) -> float:
    return float(np.log1p(np.exp(value)))


@pytest.mark.parametrize(("kind", "side"), EVERY)
def test_contract(kind: str, side: str) -> None:
    """Value per sample, maps of logits, mixed precision, configuration, gradient."""
    loss = ADVERSARIAL_LOSSES[kind](side=side)
    random = np.random.default_rng(2)
    real, fake = random.normal(size=(2, 3, 4, 5, 1)).astype(np.float32)
    each = loss.call(real, fake)
    assert each.shape == (3,)
    value = loss(real, fake)
    assert value.shape == ()
    np.testing.assert_allclose(value, np.mean(each), rtol=1e-6)
    assert loss(tf.cast(real, tf.bfloat16), tf.cast(fake, tf.bfloat16)).dtype == (
        tf.float32
    )
    # A map of equal logits is worth one of them.
    map_of_equals = loss(np.tile(real[:, :1, :1], (1, 4, 5, 1)), fake[:, :1, :1])
    one = loss(real[:, 0, 0], fake[:, 0, 0])
    np.testing.assert_allclose(map_of_equals, one, rtol=1e-5)

    assert keras.saving.get_registered_name(type(loss)).startswith("imgan>")
    config = keras.saving.serialize_keras_object(loss)
    twin = keras.saving.deserialize_keras_object(config)
    assert type(twin) is type(loss)
    assert twin.get_config() == loss.get_config()
    np.testing.assert_array_equal(twin(real, fake), value)
    assert loss.name == f"{side}_{kind}"


@pytest.mark.parametrize(
    ("kind", "discriminator", "generator"),
    [
        ("nonsaturating", [2 * np.log(2), 2 * np.log(4 / 3)], [np.log(2), np.log(4)]),
        (
            "least_squares",
            [0.5, ((np.log(3) - 1) ** 2 + np.log(3) ** 2) / 2],
            [0.5, (np.log(3) + 1) ** 2 / 2],
        ),
        ("hinge", [2.0, 0.0], [0.0, np.log(3)]),
        ("wasserstein", [0.0, -2 * np.log(3)], [0.0, np.log(3)]),
    ],
)
def test_values(kind: str, discriminator: list[float], generator: list[float]) -> None:
    """A sample of logits 0 and 0, and one of log 3 (real) and -log 3 (fake).

    sigmoid(0) = 1/2, sigmoid(log 3) = 3/4. Cross-entropy: -log 1/2 twice, -log 3/4
    twice; the generator -log 1/2 and -log 1/4. Least squares: ((0-1)^2 + 0^2)/2 = 1/2.
    Hinge: 1 + 1, and nothing beyond the margins as log 3 > 1. Wasserstein: fake - real.
    """
    make = ADVERSARIAL_LOSSES[kind]
    of_discriminator = make(side="discriminator").call(REAL, FAKE)
    np.testing.assert_allclose(of_discriminator, discriminator, rtol=1e-5, atol=1e-6)
    of_generator = make(side="generator").call(REAL, FAKE)
    np.testing.assert_allclose(of_generator, generator, rtol=1e-5, atol=1e-6)


def test_relativistic_average_values() -> None:
    """Real logits 1 and 3 (mean 2), fake ones 0 and -2 (mean -1).

    Relative: real 1 + 1 = 2 and 3 + 1 = 4; fake 0 - 2 = -2 and -2 - 2 = -4. The
    discriminator: half of softplus(-2) + softplus(-2), half of softplus(-4) twice. The
    generator: the same of 2 and 4.
    """
    real = np.array([[1.0], [3.0]], np.float32)
    fake = np.array([[0.0], [-2.0]], np.float32)
    value = RelativisticAverageLoss("discriminator").call(real, fake)
    np.testing.assert_allclose(value, [_softplus(-2), _softplus(-4)], rtol=1e-5)
    value = RelativisticAverageLoss("generator").call(real, fake)
    np.testing.assert_allclose(value, [_softplus(2), _softplus(4)], rtol=1e-5)


def test_relativistic_average_keeps_positions() -> None:
    """Position 0 has relative logits of 0, position 1 of 2 and -2."""
    real = np.zeros((2, 1, 2, 1), np.float32)
    real[:, 0, 1] = 2.0
    value = RelativisticAverageLoss("discriminator").call(real, np.zeros_like(real))
    expected = (_softplus(0) + _softplus(-2)) / 2
    np.testing.assert_allclose(value, [expected] * 2, rtol=1e-5)


def test_relativistic_mean_goes_across_replicas() -> None:
    """Another replica's batch counts: two halves give what the whole gives."""
    random = np.random.default_rng(4)
    real, fake = random.normal(size=(2, 4, 1)).astype(np.float32)
    loss = RelativisticAverageLoss("discriminator")
    whole = loss.call(real, fake)
    answers = [real.mean(), fake.mean()] * 2
    loss.across_replicas = lambda value: value * 0 + answers.pop(0)
    first, second = loss.call(real[:2], fake[:2]), loss.call(real[2:], fake[2:])
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=1e-5)
    assert answers == []


def test_relativistic_gradient_passes_through_the_mean() -> None:
    """A constant added to all fake logits cancels against one added to real ones.

    So the gradients by real and by fake logits sum to zero, which they do not when the
    means are constants.
    """
    real, fake = tf.constant(REAL), tf.constant(FAKE)
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        value = RelativisticAverageLoss("generator")(real, fake)
    gradients = tape.gradient(value, [real, fake])
    assert all(np.any(gradient) for gradient in gradients)
    np.testing.assert_allclose(np.sum(gradients), 0.0, atol=1e-6)


@pytest.mark.parametrize("kind", ADVERSARIAL_LOSSES)
def test_generator_says_whether_it_reads_real_logits(kind: str) -> None:
    loss = ADVERSARIAL_LOSSES[kind](side="generator")
    with_real, without = loss(REAL, FAKE), loss(np.zeros_like(FAKE), FAKE)
    assert bool(with_real == without) is not loss.uses_real
    if not loss.uses_real:
        np.testing.assert_array_equal(loss(0.0, FAKE), without)


@pytest.mark.parametrize(("kind", "side"), EVERY)
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_finite_far_out(kind: str, side: str, size: float) -> None:
    real, fake = tf.constant([[size]]), tf.constant([[-size]])
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        value = ADVERSARIAL_LOSSES[kind](side=side)(real, fake)
    assert np.isfinite(value)
    for gradient in tape.gradient(value, [real, fake]):
        assert gradient is None or np.isfinite(gradient).all()


def test_saturated_discriminator_leaves_the_generator_a_gradient() -> None:
    """The derivative of softplus(-x) is -sigmoid(-x): -1 far below zero."""
    fake = tf.constant([[-100.0]])
    with tf.GradientTape() as tape:
        tape.watch(fake)
        value = NonSaturatingLoss("generator")(0.0, fake)
    np.testing.assert_allclose(tape.gradient(value, fake), [[-1.0]], rtol=1e-6)


def test_margins() -> None:
    """Least squares: 0.5 is halfway. Relativistic: the mean of the other kind is."""
    real, fake = LeastSquaresLoss("generator").margins(REAL, FAKE)
    np.testing.assert_allclose(real, REAL - 0.5)
    np.testing.assert_allclose(fake, FAKE - 0.5)
    real, fake = RelativisticAverageLoss("generator").margins(REAL, FAKE)
    np.testing.assert_allclose(real, REAL - FAKE.mean(), rtol=1e-6)
    np.testing.assert_allclose(fake, FAKE - REAL.mean(), rtol=1e-6)
    assert not WassersteinLoss.bounded
    assert NonSaturatingLoss.bounded


def test_unknown_side() -> None:
    with pytest.raises(ValueError, match=r"'generator' or 'discriminator'.*'critic'"):
        WassersteinLoss("critic")


def test_flat_logits() -> None:
    """Logits of shape `(batch,)` are taken as they are."""
    flat: Array = REAL[:, 0]
    expected = NonSaturatingLoss("discriminator")(REAL, FAKE)
    np.testing.assert_allclose(
        NonSaturatingLoss("discriminator")(flat, FAKE[:, 0]), expected, rtol=1e-6
    )


@pytest.mark.parametrize(("kind", "side"), EVERY)
def test_scales_are_summed(kind: str, side: str) -> None:
    """Maps of two scales in a list: each averaged by itself, then added."""
    loss = ADVERSARIAL_LOSSES[kind](side)
    random = np.random.default_rng(6)
    fine_real, fine_fake = random.normal(size=(2, 3, 4, 5, 1)).astype(np.float32)
    real, fake = random.normal(size=(2, 3, 2, 1, 1)).astype(np.float32)
    expected = loss.call(fine_real, fine_fake) + loss.call(real, fake)
    reals, fakes = [fine_real, real], [fine_fake, fake]
    np.testing.assert_allclose(loss.call(reals, fakes), expected, rtol=1e-6)
    value = loss([tf.constant(v) for v in reals], [tf.constant(v) for v in fakes])
    np.testing.assert_allclose(value, np.mean(expected), rtol=1e-6)
    assert value.dtype == tf.float32
    half = [tf.cast(v, tf.bfloat16) for v in fakes]
    assert loss(half, half).dtype == tf.float32


def test_as_many_scales_on_both_sides() -> None:
    with pytest.raises(ValueError, match="zip"):
        NonSaturatingLoss("discriminator")([REAL], [FAKE, FAKE])
