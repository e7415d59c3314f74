import numpy as np
import pytest

from imgan.losses.texture import TextureLoss
from tests.contracts import check_loss


def image(rows: object) -> np.ndarray:
    return np.array(rows, np.float32)[None, ..., None]


def test_contract() -> None:
    check_loss(TextureLoss(2, margin=0), symmetric=True, at_equal=0.0)


def test_values() -> None:
    """Lengths of 3 4 5 / 0 / 0 0: down and right of each pixel but the last ones.

    Differences of the first image: (3, 4) and (0, 0) in its only row, of lengths 5 and
    0; of the second none. The mean of the square of 1 x 2 is 2.5; one of each alone has
    5 and 0, whose mean is 2.5 as well. Against an image of lengths 0 and 5 only small
    squares see a difference.
    """
    one = image([[0, 4, 4], [3, 4, 9]])
    other = image([[4, 4, 0], [9, 7, 0]])
    flat = np.zeros_like(one)
    exact = {"rtol": 1e-4, "atol": 1e-4}
    np.testing.assert_allclose(TextureLoss(2, 0).call(flat, one), [2.5], **exact)
    np.testing.assert_allclose(TextureLoss(1, 0).call(flat, one), [2.5], **exact)
    assert float(TextureLoss(1, 0)(other, one)) > 1


def test_where_texture_lies_within_a_square_is_free() -> None:
    random = np.random.default_rng(0)
    texture = random.normal(0, 0.1, (1, 49, 49, 3)).astype(np.float32)
    moved = np.roll(texture, 5, axis=(1, 2))
    loss = TextureLoss(margin=8)
    assert float(loss(texture, moved)) < 0.03 * float(loss(texture, 0 * texture))
    assert float(loss(texture, 0.5 * texture)) == pytest.approx(
        0.5 * float(loss(texture, 0 * texture)), rel=0.01
    )


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
