import numpy as np
import pytest

from imgan.layers.reflection_padding import ReflectionPadding2D
from tests.contracts import check_layer


def test_mirrors_without_the_outermost_pixel() -> None:
    images = np.random.default_rng(2).random((2, 5, 4, 3)).astype(np.float32)
    pads = ((2, 1), (0, 3))
    made = check_layer(ReflectionPadding2D(pads), images)
    expected = np.pad(images, ((0, 0), *pads, (0, 0)), "reflect")
    np.testing.assert_array_equal(made, expected)


def test_sides_that_are_too_short() -> None:
    with pytest.raises(ValueError, match="longer than the 3 pixels"):
        ReflectionPadding2D(3).compute_output_shape((1, 3, 8, 1))
    with pytest.raises(ValueError, match="must not be negative"):
        ReflectionPadding2D(((0, -1), (0, 0)))
