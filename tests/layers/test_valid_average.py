import numpy as np
import pytest

from imgan.layers.valid_average import ValidAverage
from tests.contracts import check_layer


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 3), (1, 2)])
def test_equals_averages_of_what_there_is(height: int, width: int) -> None:
    """Around every second pixel from the first, over 4, 6 or 9 pixels."""
    images = np.random.default_rng(2).normal(size=(2, height, width, 3))
    images = images.astype(np.float32)
    outputs = check_layer(ValidAverage(), images)
    assert outputs.shape == (2, (height + 1) // 2, (width + 1) // 2, 3)
    for row, column in np.ndindex(*outputs.shape[1:3]):
        y, x = 2 * row, 2 * column
        part = images[:, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        np.testing.assert_allclose(
            outputs[:, row, column], part.mean(axis=(1, 2)), atol=1e-6
        )


def test_a_grey_picture_stays_one() -> None:
    outputs = ValidAverage()(np.full((1, 7, 8, 1), 0.3, np.float32))
    np.testing.assert_allclose(outputs, 0.3, rtol=1e-6)
