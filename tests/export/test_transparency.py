"""Colours under transparent pixels, as a graph fills them in."""

import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from imgan.export.transparency import spread_colours
from imgan.io.alpha import bleed_colour
from imgan.types import Array


def spread(colours: Array, alpha: Array) -> Array:
    """Run it as a function of any size and number of channels."""
    spec = tf.TensorSpec((None, None, None), tf.uint8)
    function = tf.function(
        lambda one, two: spread_colours(tf, one, two), input_signature=[spec, spec]
    )
    return np.asarray(function(colours, alpha[..., None]))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(1, 1), (1, 40), (70, 3), (61, 97)])
def test_one_visible_colour_is_everywhere_near(
    channels: int, sides: tuple[int, int]
) -> None:
    colours = np.zeros((*sides, channels), np.uint8)
    alpha = np.zeros(sides, np.uint8)
    colours[-1, -1], alpha[-1, -1] = 201, 1
    made = spread(colours, alpha)
    near = np.ones(sides, bool)
    near[: max(0, sides[0] - 64)] = False
    near[:, : max(0, sides[1] - 64)] = False
    assert (made[near] == 201).all()


def test_each_side_of_a_gap_is_given_its_own_colour() -> None:
    """The pixel in the middle is as near to 40 as to 80."""
    row = np.array([40, 40, 0, 0, 0, 80, 80], np.uint8)
    made = spread(np.tile(row, (3, 1))[..., None], np.tile(row, (3, 1)))
    assert made[1, :, 0].tolist() == [40, 40, 40, 60, 80, 80, 80]


@pytest.mark.parametrize("shade", [0, 255])
def test_all_or_nothing_visible_is_left_alone(shade: int) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (9, 8, 3), np.uint8)
    alpha = np.full((9, 8), shade, np.uint8)
    np.testing.assert_array_equal(spread(colours, alpha), colours)


def test_a_photograph_is_much_like_that_of_the_batch_tools() -> None:
    photo = np.ascontiguousarray(skimage.data.astronaut()[20:150, 150:300])
    rows, columns = np.mgrid[:130, :150]
    distance = np.hypot(rows - 60, columns - 70)
    alpha = np.where(distance < 45, 255, 0).astype(np.uint8)
    made, batch = spread(photo, alpha), bleed_colour(photo, alpha)
    np.testing.assert_array_equal(made[alpha > 0], photo[alpha > 0])
    rim = (alpha == 0) & (distance < 48)
    difference = np.abs(made.astype(int) - batch)[rim]
    assert difference.mean() < 6
    # Black, which files have there, would be this far away.
    assert batch[rim].mean() > 60
