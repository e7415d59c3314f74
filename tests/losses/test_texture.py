import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.texture import TextureLoss
from tests.contracts import check_loss

FLOOR = 0.004


def stripes(height: int, width: int) -> np.ndarray:
    """Columns of 0 and 1 in turn."""
    rows = np.tile(np.arange(width) % 2, (height, 1))
    return rows[None, ..., None].astype(np.float32)


def wave(vertical: int, horizontal: int) -> np.ndarray:
    """One function of the 8x8 cosine transform, of length 1."""
    places = (2 * np.arange(8) + 1) * np.pi / 16
    rows = [np.cos(order * places) for order in (vertical, horizontal)]
    down, right = (row / np.linalg.norm(row) for row in rows)
    return np.outer(down, right)[None, ..., None].astype(np.float32)


def test_contract() -> None:
    loss = TextureLoss(4, margin=0)
    check_loss(loss, symmetric=False, at_equal=0.0, size=(12, 9))


def test_missing_texture_costs_its_gradients() -> None:
    """Neighbours differ by 1 along rows, and by 0 along columns."""
    true = stripes(20, 16)
    for window in (1, 5, 32):
        value = TextureLoss(window, 0).call(true, 0.25 * true)
        np.testing.assert_allclose(value, [0.75], rtol=1e-3)


def test_a_frequency_in_excess_costs_by_its_share() -> None:
    """Half of (0.6 - 0.2)^2 / 0.2, beside the gradients; the floor is in both."""
    one = wave(3, 6)
    down, right = (
        one[:, 2:, 1:-1] - one[:, 1:-1, 1:-1],
        np.diff(one[:, 1:-1, 1:], axis=2),
    )
    gradients = 0.4 * np.hypot(down, right).mean()
    there = 0.2 + FLOOR
    expected = gradients + 0.5 * (0.6 - there) ** 2 / there
    value = TextureLoss(8, 0).call(0.2 * one, 0.6 * one)
    np.testing.assert_allclose(value, [expected], rtol=1e-3)


@pytest.mark.parametrize("order", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_what_is_coarse_is_left_to_other_losses(order: tuple[int, int]) -> None:
    one = wave(*order)
    fine = TextureLoss(8, 0).call(0 * one, wave(5, 5))
    assert TextureLoss(8, 0).call(0 * one, one) < 0.01 * fine


def test_no_pattern_is_cheaper_than_the_texture_it_stands_for() -> None:
    """As long gradients by noise of another seed, by a chessboard and by stripes."""
    random = np.random.default_rng(0)
    noise = [random.normal(0, 0.05, (1, 128, 128, 1)).astype("float32") for _ in "ab"]
    rows, columns = np.indices((128, 128))
    patterns = [((rows + columns) % 2 - 0.5), (columns % 2 - 0.5)]
    # Mean lengths: 0.05 sqrt(pi), and 2 sqrt(2) and 2 times half of the contrast.
    length = 0.05 * np.sqrt(np.pi)
    made = [
        (p * length / k).astype(np.float32)[None, ..., None]
        for p, k in zip(patterns, (np.sqrt(2), 1.0), strict=True)
    ]
    loss = TextureLoss()
    natural = float(loss(noise[0], noise[1]))
    missing = float(loss(noise[0], 0 * noise[0]))
    assert natural < 0.2 * missing
    for pattern in made:
        assert float(loss(noise[0], pattern)) > missing


def test_where_texture_lies_within_a_square_is_free() -> None:
    random = np.random.default_rng(0)
    texture = random.normal(0, 0.1, (1, 80, 80, 3)).astype(np.float32)
    moved = np.roll(texture, 4, axis=(1, 2))
    loss = TextureLoss(margin=8)
    assert float(loss(texture, moved)) < 0.05 * float(loss(texture, 0 * texture))
    assert float(loss(texture, 0.5 * texture)) == pytest.approx(
        0.5 * float(loss(texture, 0 * texture)), rel=0.01
    )


def test_inside_a_function_of_unknown_sizes() -> None:
    a, b = np.random.default_rng(4).random((2, 2, 20, 25, 3)).astype(np.float32)
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
