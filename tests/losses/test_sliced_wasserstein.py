import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.sliced_wasserstein import SlicedWassersteinLoss
from tests.contracts import check_loss


def noise(seed: int, size: int = 128) -> np.ndarray:
    """Grey texture without order."""
    random = np.random.default_rng(seed)
    return random.normal(0, 0.05, (1, size, size, 1)).astype(np.float32)


@pytest.mark.parametrize("step", [1, 3, 4])
def test_contract(step: int) -> None:
    loss = SlicedWassersteinLoss(8, step, margin=0)
    check_loss(loss, symmetric=True, at_equal=0.0, size=(19, 17))


def wave(vertical: int, horizontal: int) -> np.ndarray:
    """One function of the 8x8 cosine transform, of length 1."""
    places = (2 * np.arange(8) + 1) * np.pi / 16
    rows = [np.cos(order * places) for order in (vertical, horizontal)]
    down, right = (row / np.linalg.norm(row) for row in rows)
    return np.outer(down, right)[None, ..., None].astype(np.float32)


def test_a_wave_costs_its_size_times_its_frequency() -> None:
    """On one patch: its own direction, and the share that each mixture has of it."""
    loss = SlicedWassersteinLoss(1, 1, margin=0)
    flat = np.zeros((1, 8, 8, 1), np.float32)
    costs = {
        orders: float(loss(flat, 0.5 * wave(*orders)))
        for orders in ((0, 1), (3, 4), (7, 7))
    }
    orders = np.arange(8)
    mean = np.hypot(orders[:, None], orders).mean()
    # 63 waves and 32 mixtures, by which a wave's share is at most one each.
    for (vertical, horizontal), cost in costs.items():
        size = 0.5 * np.hypot(vertical, horizontal) / mean
        assert size / 95 < cost < 33 * size / 95
    mixtures = {orders: 95 * cost / np.hypot(*orders) for orders, cost in costs.items()}
    # A share of 1/8 each, as a direction of length one has among 63.
    for value in mixtures.values():
        expected = 0.5 * (1 + 32 * np.sqrt(2 / np.pi / 63)) / mean
        assert value == pytest.approx(expected, rel=0.3)


def test_patches_in_another_order_cost_nothing() -> None:
    """Whole steps further along a row that goes on at its other end."""
    row = np.random.default_rng(1).random((1, 8, 48, 3)).astype(np.float32)
    loss = SlicedWassersteinLoss(48, 8, margin=0)
    # Directions begin up to seven pixels further.
    room = [(0, 0), (0, 7), (0, 7), (0, 0)]
    whole = np.pad(row, room, mode="wrap")
    moved = np.pad(np.roll(row, 16, axis=2), room, mode="wrap")
    mirrored = np.pad(row[:, :, ::-1], room, mode="wrap")
    assert np.abs(whole - moved).mean() > 0.1
    assert float(loss(whole, moved)) == pytest.approx(0, abs=1e-6)
    assert float(loss(whole, mirrored)) > 0.01


def test_no_pattern_is_cheaper_than_the_texture_it_stands_for() -> None:
    """As long gradients by noise of another seed, by a chessboard, stripes and dots."""
    loss = SlicedWassersteinLoss()
    true = noise(0)
    rows, columns = np.indices((128, 128))
    patterns = {
        "chessboard": ((rows + columns) % 2 - 0.5) / np.sqrt(2),
        "stripes": columns % 2 - 0.5,
        "dots": np.where((rows % 4 == 1) & (columns % 4 == 1), 3.0, 0.0),
    }
    natural = float(loss(true, noise(1)))
    missing = float(loss(true, 0 * true))
    assert natural < 0.3 * missing
    # Mean length of the noise's gradients.
    length = 0.05 * np.sqrt(np.pi)
    for name, pattern in patterns.items():
        made = (pattern * length)[None, ..., None].astype(np.float32)
        assert float(loss(true, made)) > missing, name


def test_less_texture_costs_in_proportion() -> None:
    loss = SlicedWassersteinLoss()
    missing = float(loss(noise(0), 0 * noise(0)))
    half = float(loss(noise(0), 0.5 * noise(0)))
    assert half == pytest.approx(0.5 * missing, rel=1e-3)


def test_a_tint_of_texture_costs_too() -> None:
    """Colours that vary where the truth is grey, at the same mean of channels."""
    grey = np.repeat(noise(0), 3, axis=3)
    tinted = grey + noise(1) * np.array([1, 0, -1], np.float32)
    assert float(SlicedWassersteinLoss()(grey, tinted)) > 1e-3


def test_inside_a_function_of_unknown_sizes() -> None:
    a, b = np.random.default_rng(4).random((2, 2, 40, 45, 3)).astype(np.float32)
    loss = SlicedWassersteinLoss()
    spec = tf.TensorSpec((None, None, None, 3))
    traced = tf.function(loss.call, input_signature=[spec, spec])
    np.testing.assert_allclose(traced(a, b), loss.call(a, b), rtol=1e-5)


def test_borders_do_not_count() -> None:
    flat = np.zeros((1, 40, 40, 1), np.float32)
    framed = flat.copy()
    framed[:, :8] = framed[:, -8:] = framed[:, :, :8] = framed[:, :, -8:] = 1.0
    assert float(SlicedWassersteinLoss()(flat, framed)) == pytest.approx(0, abs=1e-6)
    assert float(SlicedWassersteinLoss(margin=7)(flat, framed)) > 1e-3


@pytest.mark.parametrize("step", [2, 3, 4, 8])
def test_the_smallest_side(step: int) -> None:
    loss = SlicedWassersteinLoss(step=step)
    side = loss.smallest_side
    image = np.random.default_rng(0).random((1, side, side, 3)).astype(np.float32)
    assert float(loss(image, 0 * image)) > 0


@pytest.mark.parametrize(
    ("window", "step", "margin"), [(3, 4, 8), (8, 0, 8), (8, 4, -1)]
)
def test_refusals(window: int, step: int, margin: int) -> None:
    received = f"Received: step={step}, window={window} and margin={margin}"
    with pytest.raises(ValueError, match=received):
        SlicedWassersteinLoss(window, step, margin)
