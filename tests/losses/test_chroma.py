import numpy as np

from imgan.losses.chroma import ChromaLoss
from tests.contracts import check_loss


def test_contract() -> None:
    check_loss(ChromaLoss(), symmetric=True, at_equal=0.0)


def test_values() -> None:
    """Of (6, 0, 0) the mean is 2: 4, 2 and 2 apart; the other pixel is as it was."""
    image = np.zeros((2, 1, 2, 3), np.float32)
    image[0, 0, 0] = [6, 0, 0]
    zeros = np.zeros_like(image)
    np.testing.assert_allclose(ChromaLoss().call(zeros, image), [8 / 6, 0])


def test_brightness_costs_nothing() -> None:
    colours = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    brighter = colours + np.random.default_rng(1).random((1, 8, 8, 1), np.float32)
    np.testing.assert_allclose(ChromaLoss().call(colours, brighter), [0], atol=1e-6)
    grey = np.zeros((1, 8, 8, 1), np.float32)
    np.testing.assert_array_equal(ChromaLoss().call(grey, grey + 1), [0])
