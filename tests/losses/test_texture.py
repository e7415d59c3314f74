import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.texture import TextureLoss
from tests.contracts import check_loss


def image(rows: object) -> np.ndarray:
    return np.array(rows, np.float32)[None, ..., None]


def test_contract() -> None:
    check_loss(TextureLoss(2, margin=0), symmetric=True, at_equal=0.0)


def test_values() -> None:
    """Means of 2x2 pixels: 0 4 4 / 3 8 9; differences down and right: (3, 4), (4, 0).

    Their lengths are 5 and 4, against none. A square of both has a mean of 4.5, and so
    has the mean of squares of one each.
    """
    one = image([[0, 0, 8, 0], [0, 0, 8, 0], [6, 6, 18, 18]])
    exact = {"rtol": 1e-4}
    np.testing.assert_allclose(TextureLoss(2, 0).call(0 * one, one), [4.5], **exact)
    np.testing.assert_allclose(TextureLoss(1, 0).call(0 * one, one), [4.5], **exact)


def test_a_chessboard_is_no_texture_and_coarser_ones_are() -> None:
    board = np.indices((40, 40)).sum(0)[None, ..., None] % 2 - 0.5
    pixels = board.astype(np.float32)
    cells = np.repeat(np.repeat(pixels, 2, 1), 2, 2)[:, :40, :40]
    loss = TextureLoss()
    assert float(loss(0 * pixels, pixels)) == pytest.approx(0, abs=1e-4)
    assert float(loss(0 * cells, cells)) > 0.3


def test_where_texture_lies_within_a_square_is_free() -> None:
    random = np.random.default_rng(0)
    texture = random.normal(0, 0.1, (1, 49, 49, 3)).astype(np.float32)
    moved = np.roll(texture, 5, axis=(1, 2))
    loss = TextureLoss(margin=8)
    assert float(loss(texture, moved)) < 0.03 * float(loss(texture, 0 * texture))
    assert float(loss(texture, 0.5 * texture)) == pytest.approx(
        0.5 * float(loss(texture, 0 * texture)), rel=0.01
    )


def test_inside_a_function_of_unknown_sizes() -> None:
    a, b = np.random.default_rng(4).random((2, 2, 20, 15, 3)).astype(np.float32)
    spec = tf.TensorSpec((None, None, None, 3))
    traced = tf.function(TextureLoss().call, input_signature=[spec, spec])
    np.testing.assert_allclose(traced(a, b), TextureLoss().call(a, b), rtol=1e-5)


def test_borders_do_not_count() -> None:
    flat = np.zeros((1, 40, 40, 1), np.float32)
    framed = flat.copy()
    framed[:, :8] = framed[:, -8:] = framed[:, :, :8] = framed[:, :, -8:] = 1.0
    assert float(TextureLoss()(flat, framed)) == pytest.approx(0, abs=1e-6)
    assert float(TextureLoss(margin=7)(flat, framed)) > 0.01


@pytest.mark.parametrize(("window", "margin"), [(0, 8), (32, -1)])
def test_refusals(window: int, margin: int) -> None:
    with pytest.raises(ValueError, match=f"Received: {window} and {margin}"):
        TextureLoss(window, margin)
