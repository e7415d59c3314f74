import keras
import numpy as np
import pytest

from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.space_to_depth import SpaceToDepth
from tests.contracts import check_layer


@pytest.mark.parametrize("block", [1, 2, 3, 4])
def test_contract_and_inverse(block: int) -> None:
    inputs = np.random.rand(2, 3 * block, 5 * block, 2).astype(np.float32)
    outputs = check_layer(SpaceToDepth(block), inputs)
    assert outputs.shape == (2, 3, 5, 2 * block**2)
    np.testing.assert_array_equal(DepthToSpace(block)(outputs), inputs)


def test_channel_order_is_row_column_colour() -> None:
    """Pixel (2y + dy, 2x + dx), colour c becomes channel (dy * 2 + dx) * 3 + c."""
    inputs = np.arange(4 * 6 * 3, dtype=np.float32).reshape(1, 4, 6, 3)
    outputs = np.asarray(SpaceToDepth(2)(inputs))
    for y, x, dy, dx, colour in np.ndindex(2, 3, 2, 2, 3):
        expected = inputs[0, 2 * y + dy, 2 * x + dx, colour]
        assert outputs[0, y, x, (dy * 2 + dx) * 3 + colour] == expected


@pytest.mark.parametrize("shape", [(1, 5, 4, 3), (1, 4, 5, 3), (None, None, 2, 3)])
def test_other_sides_are_refused(shape: tuple[int | None, ...]) -> None:
    with pytest.raises(ValueError, match=r"multiples of 4\. Received shape: .* Pad"):
        SpaceToDepth(4)(keras.KerasTensor(shape))
