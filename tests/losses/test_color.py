import numpy as np
import pytest

from imgan.losses.color import ColorLoss
from tests.contracts import check_loss


def test_contract() -> None:
    check_loss(ColorLoss(2), symmetric=True, at_equal=0.0)
    check_loss(ColorLoss(1, period=1), symmetric=True, at_equal=0.0)


def test_values() -> None:
    """Squares of two pixels: means 3, 1 / 0, 2 squared are 9 + 1 + 0 + 4 over 4."""
    image = np.zeros((1, 4, 4, 1), np.float32)
    image[0, :2, :2, 0] = [[6, 0], [0, 6]]
    image[0, :2, 2:, 0] = 1
    image[0, 2:, :2, 0] = [[5, -5], [-5, 5]]
    image[0, 2:, 2:, 0] = [[8, 0], [0, 0]]
    zeros = np.zeros_like(image)
    np.testing.assert_allclose(ColorLoss(2).call(zeros, image), [14 / 4])


def test_texture_costs_nothing_and_a_tint_does() -> None:
    board = np.indices((64, 64)).sum(0)[None, ..., None] % 2 * 2.0 - 1.0
    texture = np.repeat(board, 3, axis=3).astype(np.float32)
    zeros = np.zeros_like(texture)
    np.testing.assert_allclose(ColorLoss().call(zeros, texture), [0.0], atol=1e-12)
    tint = texture + np.float32([0.3, 0.0, 0.0])
    np.testing.assert_allclose(ColorLoss().call(zeros, tint), [0.03], rtol=1e-5)


def test_images_smaller_than_a_square_have_one_mean() -> None:
    image = np.full((1, 5, 7, 2), 3.0, np.float32)
    np.testing.assert_allclose(ColorLoss().call(np.zeros_like(image), image), [9.0])


def test_dots_of_a_period_cost_and_other_texture_does_not() -> None:
    """One of four places has 2, so the mean of squares is 1 of them all."""
    dots = np.zeros((1, 8, 8, 1), np.float32)
    dots[:, ::2, 1::2] = 2.0
    zeros = np.zeros_like(dots)
    np.testing.assert_allclose(ColorLoss(4, period=2).call(zeros, dots), [1.0])
    stripes = np.zeros((1, 8, 8, 1), np.float32)
    stripes[:, :, 0::4], stripes[:, :, 2::4] = 1.0, -1.0
    np.testing.assert_allclose(ColorLoss(4, period=2).call(zeros, stripes), [0.0])
    tint = np.full_like(dots, 0.5)
    np.testing.assert_allclose(ColorLoss(4, period=2).call(zeros, tint), [0.25])


@pytest.mark.parametrize(("window", "period"), [(0, 1), (4, 0), (6, 4)])
def test_windows_that_hold_no_whole_cells_are_refused(window: int, period: int) -> None:
    with pytest.raises(
        ValueError, match=f"multiple .* Received: {window} and {period}"
    ):
        ColorLoss(window, period)
