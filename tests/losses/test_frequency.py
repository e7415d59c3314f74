import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.frequency import FocalFrequencyLoss
from imgan.losses.pixel import PixelL2Loss
from tests.contracts import check_loss

ZEROS = np.zeros((1, 2, 2, 1), np.float32)


def test_contract() -> None:
    check_loss(FocalFrequencyLoss(), symmetric=True, at_equal=0.0)
    check_loss(FocalFrequencyLoss(alpha=0.5), symmetric=True, at_equal=0.0)


def test_values() -> None:
    """Pixels a b / c d = 4 2 / 0 0 against zero.

    The orthonormal 2x2 transform is (a + b + c + d, a - b + c - d, a + b - c - d,
    a - b - c + d) / 2 = 3, 1, 3, 1. Weights with alpha 1 are 1, 1/3, 1, 1/3, so the
    mean of weighted squares is (9 + 1/3 + 9 + 1/3) / 4 = 14/3. With alpha 2 it is
    (9 + 1/9 + 9 + 1/9) / 4 = 41/9.
    """
    image = np.array([4.0, 2.0, 0.0, 0.0], np.float32).reshape(1, 2, 2, 1)
    value = FocalFrequencyLoss().call(ZEROS, image)
    np.testing.assert_allclose(value, [14 / 3], rtol=1e-6)
    value = FocalFrequencyLoss(alpha=2.0).call(ZEROS, image)
    np.testing.assert_allclose(value, [41 / 9], rtol=1e-6)


def test_largest_difference_is_that_of_the_image() -> None:
    """A second channel of a constant 8 has the spectrum 16, 0, 0, 0.

    Weights of the first are 3/16, 1/16, 3/16, 1/16: with 16 of weight 1 the mean is
    (9 * 3/16 + 1/16 + 9 * 3/16 + 1/16 + 256) / 8 = 259.5 / 8. Its own maximum would
    have left the first channel's 56/3.
    """
    image = np.zeros((1, 2, 2, 2), np.float32)
    image[0, 0, :, 0] = 4.0, 2.0
    image[..., 1] = 8.0
    value = FocalFrequencyLoss().call(np.zeros_like(image), image)
    np.testing.assert_allclose(value, [259.5 / 8], rtol=1e-6)


def test_without_focus_it_is_the_mean_square() -> None:
    """Parseval; heights and widths that are odd and differ."""
    target, image = np.random.default_rng(1).random((2, 2, 5, 8, 3)).astype(np.float32)
    value = FocalFrequencyLoss(alpha=0.0).call(target, image)
    np.testing.assert_allclose(value, PixelL2Loss().call(target, image), rtol=1e-5)


def test_weight_is_a_constant_of_the_gradient() -> None:
    """One pixel d: its spectrum is d / 2 four times, all weights 1, the loss d^2 / 4.

    A gradient through weights would change with alpha; d / 2 does not.
    """
    image = tf.Variable([[[[3.0], [0.0]], [[0.0], [0.0]]]])
    for alpha in (0.0, 1.0, 3.0):
        with tf.GradientTape() as tape:
            value = FocalFrequencyLoss(alpha)(ZEROS, image)
        assert float(value) == pytest.approx(9 / 4)
        gradient = np.asarray(tape.gradient(value, image))
        assert gradient[0, 0, 0, 0] == pytest.approx(1.5, rel=1e-5)
