import numpy as np
import pytest

from imgan.layers.depth_to_space import DepthToSpace
from tests.contracts import check_layer


@pytest.mark.parametrize("block", [1, 2, 3, 4])
def test_contract(block: int) -> None:
    inputs = np.random.rand(2, 3, 5, 2 * block**2).astype(np.float32)
    assert check_layer(DepthToSpace(block), inputs).shape == (
        2,
        3 * block,
        5 * block,
        2,
    )


def test_channel_order_is_row_column_colour() -> None:
    """Channel (dy * 2 + dx) * 3 + c of pixel (y, x) is pixel (2y + dy, 2x + dx), c."""
    inputs = np.arange(2 * 3 * 12, dtype=np.float32).reshape(1, 2, 3, 12)
    outputs = np.asarray(DepthToSpace(2)(inputs))
    for y, x, dy, dx, colour in np.ndindex(2, 3, 2, 2, 3):
        expected = inputs[0, y, x, (dy * 2 + dx) * 3 + colour]
        assert outputs[0, 2 * y + dy, 2 * x + dx, colour] == expected
