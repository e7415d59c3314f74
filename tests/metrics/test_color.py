"""Luma of BT.601 in studio range."""

import numpy as np
import pytest
import skimage.color
import skimage.data

from imgan.metrics.color import color_drift
from imgan.metrics.color import rgb_to_y


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0), 16.0),
        ((255, 255, 255), 235.0),
        ((255, 0, 0), 81.481),
        ((0, 255, 0), 144.553),
        ((0, 0, 255), 40.966),
        ((51, 51, 51), 16 + 219 / 5),
    ],
)
def test_colours_have_the_luma_of_the_standard(colour, expected):
    """Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255; the weights sum to 219."""
    image = np.array([[colour]], np.uint8)
    assert rgb_to_y(image)[0, 0] == pytest.approx(expected, abs=1e-9)


def test_equals_scikit_image_on_a_photograph():
    cat = skimage.data.chelsea()
    expected = skimage.color.rgb2ycbcr(cat)[..., 0]
    np.testing.assert_allclose(rgb_to_y(cat), expected, atol=1e-9)


def test_floats_are_levels_of_eight_bits():
    cat = skimage.data.chelsea()[:20, :30]
    np.testing.assert_array_equal(rgb_to_y(cat.astype(np.float32)), rgb_to_y(cat))


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (4, 4, 4), (1, 4, 4, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="Received shape"):
        rgb_to_y(np.zeros(shape, np.uint8))


def test_sixteen_bits_are_refused_rather_than_read_as_levels():
    with pytest.raises(TypeError, match="uint16"):
        rgb_to_y(np.zeros((4, 4, 3), np.uint16))


def test_drift_is_the_worst_channel():
    """Red 2 levels higher, blue 5 lower: 5; sizes do not matter."""
    source = np.full((4, 6, 3), 100, np.uint8)
    output = np.full((16, 24, 3), 100, np.uint8) + np.array([2, 0, -5])
    assert color_drift(output.astype(np.uint8), source) == 5.0
    assert color_drift(source, source) == 0.0


def test_drift_of_grey_is_of_means():
    """One of four pixels 8 levels brighter moves the mean by 2."""
    source = np.full((2, 2), 50.0)
    output = source.copy()
    output[0, 0] += 8
    assert color_drift(output, source) == 2.0


def test_drift_needs_equal_channels():
    with pytest.raises(ValueError, match=r"\(4, 4, 3\) and \(4, 4\)"):
        color_drift(np.zeros((4, 4, 3)), np.zeros((4, 4)))
