import numpy as np
import pytest
import tensorflow as tf

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


@pytest.mark.parametrize("block", [2, 3])
def test_without_the_operation_of_newer_keras(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras 3.13 has no `ops.depth_to_space`; the result is the same."""
    inputs = tf.random.uniform((2, 4, 3, 5 * block**2))
    expected = DepthToSpace(block)(inputs)
    monkeypatch.delattr("keras.ops.depth_to_space")
    np.testing.assert_array_equal(DepthToSpace(block)(inputs), expected)
    layer = DepthToSpace(block)
    traced = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 18))])
    if block == 3:
        assert traced(tf.zeros((1, 2, 5, 18))).shape == (1, 6, 15, 2)
