"""The pattern of depth-to-space."""

import numpy as np
import pytest
import skimage.data

from imgan.metrics.checkerboard import checkerboard


def board(height, width, scale, pattern):
    cells = (-(-height // scale), -(-width // scale))
    return np.tile(np.asarray(pattern, float), cells)[:height, :width]


def test_a_checkerboard_of_one_level_is_one():
    """Values 99 and 101, half each: standard deviation 1."""
    made = board(40, 51, 2, [[99, 101], [101, 99]])
    assert checkerboard(made, 2) == pytest.approx(1, abs=1e-9)
    assert checkerboard(made.astype(np.uint8), 2) == pytest.approx(1, abs=1e-9)


def test_one_phase_of_sixteen():
    """16 in one of 16 places: mean 1, variance 256 / 16 - 1 = 15."""
    pattern = np.zeros((4, 4))
    pattern[1, 2] = 16
    made = board(64, 64, 4, pattern)
    assert checkerboard(made, 4) == pytest.approx(np.sqrt(15), abs=1e-9)


def test_stripes_of_a_divisor_count():
    made = board(64, 64, 2, [[10, 14]])
    assert checkerboard(made, 4) == pytest.approx(2, abs=1e-9)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_flat_and_gradient_have_none(scale):
    rows, columns = np.indices((47, 60))
    assert checkerboard(np.full((47, 60), 77, np.uint8), scale) == 0.0
    ramp = 0.7 * rows + 1.3 * columns
    assert checkerboard(ramp, scale) == pytest.approx(0, abs=1e-9)


def test_a_pattern_on_a_gradient_is_found_in_full():
    ramp = np.indices((64, 64)).sum(axis=0) * 0.9
    made = ramp + board(64, 64, 4, np.arange(16).reshape(4, 4))
    assert checkerboard(made, 4) == pytest.approx(np.arange(16).std(), abs=1e-9)


def test_the_worst_channel_counts():
    colour = np.full((30, 30, 3), 50.0)
    colour[..., 1] += board(30, 30, 3, 3 * np.eye(3))
    assert checkerboard(colour, 3) == pytest.approx((3 * np.eye(3)).std(), abs=1e-9)


def test_photographs_have_hardly_any():
    """A grid of 8 in 4 of 16 places: mean 2, variance 64 / 4 - 4 = 12."""
    cup = skimage.data.coffee()[:400]
    assert checkerboard(cup, 4) < 0.15
    grid = board(400, 600, 4, np.eye(4) * 8)[..., None]
    assert checkerboard(cup + grid, 4) == pytest.approx(np.sqrt(12), abs=0.15)


@pytest.mark.parametrize(("shape", "scale"), [((9, 20), 4), ((20, 20), 1), ((9,), 2)])
def test_what_has_no_cell_is_refused(shape, scale):
    with pytest.raises(ValueError, match=f"scale={scale}"):
        checkerboard(np.zeros(shape), scale)
