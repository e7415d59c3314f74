import keras
import numpy as np
import pytest

from imgan.losses.pixel import CharbonnierLoss
from imgan.losses.pixel import PixelL1Loss
from imgan.losses.pixel import PixelL2Loss
from tests.contracts import check_loss

TARGET = np.zeros((2, 1, 2, 1), np.float32)
PREDICTION = np.array([3.0, -4.0, 0.0, 1.0], np.float32).reshape(2, 1, 2, 1)


def test_l1_contract() -> None:
    check_loss(PixelL1Loss(), symmetric=True, at_equal=0.0)


def test_l2_contract() -> None:
    check_loss(PixelL2Loss(), symmetric=True, at_equal=0.0)


def test_charbonnier_contract() -> None:
    check_loss(CharbonnierLoss(epsilon=0.25), symmetric=True, at_equal=0.25)


def test_l1_value() -> None:
    """Images (3, -4) and (0, 1) against zero.

    (|3| + |-4|) / 2 = 3.5 and (0 + 1) / 2 = 0.5; their mean is 2.
    """
    np.testing.assert_array_equal(PixelL1Loss().call(TARGET, PREDICTION), [3.5, 0.5])
    assert PixelL1Loss()(TARGET, PREDICTION) == 2.0


def test_l2_value() -> None:
    """The same images: (9 + 16) / 2 = 12.5 and (0 + 1) / 2 = 0.5; their mean is 6.5."""
    np.testing.assert_array_equal(PixelL2Loss().call(TARGET, PREDICTION), [12.5, 0.5])
    assert PixelL2Loss()(TARGET, PREDICTION) == 6.5


def test_charbonnier_value() -> None:
    """The same images with epsilon 4, or 3, or the tiny default.

    epsilon 4: sqrt(9 + 16) = 5 and sqrt(16 + 16) = 4 sqrt(2) in the first image, 4 and
    sqrt(17) in the second. At a difference of zero the value is epsilon itself, and
    far from zero it is the absolute difference: sqrt(9 + 1e-6) = 3 + 1.7e-7.
    """
    wide = CharbonnierLoss(epsilon=4.0).call(TARGET, PREDICTION)
    expected = [(5 + 4 * np.sqrt(2)) / 2, (4 + np.sqrt(17)) / 2]
    np.testing.assert_allclose(wide, expected, rtol=1e-6)
    narrow = CharbonnierLoss().call(TARGET, PREDICTION)
    np.testing.assert_allclose(narrow, [3.5, (1 + 1e-3) / 2], rtol=1e-6)


@pytest.mark.parametrize("loss", [PixelL1Loss(), PixelL2Loss(), CharbonnierLoss()])
def test_size_does_not_depend_on_the_patch(loss: keras.losses.Loss) -> None:
    small, large = np.ones((1, 2, 2, 3)), np.ones((1, 8, 4, 3))
    np.testing.assert_allclose(
        loss(small * 0, small), loss(large * 0, large), rtol=1e-6
    )


def test_reduction_is_that_of_keras() -> None:
    loss = PixelL1Loss(reduction="sum")
    assert loss(TARGET, PREDICTION) == 4.0
