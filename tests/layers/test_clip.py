import numpy as np
import pytest

from imgan.layers.clip import Clip
from tests.contracts import check_layer


def test_keeps_values_within_bounds() -> None:
    images = np.random.default_rng(2).normal(size=(2, 5, 4, 3)).astype(np.float32)
    made = check_layer(Clip(-0.5, 0.25), images)
    np.testing.assert_array_equal(made, np.clip(images, -0.5, 0.25))


def test_bounds_that_are_not() -> None:
    with pytest.raises(ValueError, match=r"below high. Received: 1, 1"):
        Clip(1, 1)
