import numpy as np
import pytest

from imgan.networks.anchored_edsr import AnchoredEDSR
from imgan.types import Array
from tests.contracts import randomize
from tests.networks.small import shuffle
from tests.networks.small import zero_padded_conv


@pytest.mark.parametrize(("channels", "scale"), [(3, 4), (1, 2), (5, 3), (3, 1)])
def test_equals_its_formula(channels: int, scale: int) -> None:
    """ReLU inside the blocks only; the repeated input is added before the shuffle."""
    network = AnchoredEDSR(scale=scale, num_filters=4, num_blocks=2, channels=channels)
    randomize(network)
    picture = np.random.rand(4, 5, channels).astype(np.float32)

    def conv(name: str, x: Array) -> Array:
        return zero_padded_conv(x, *network.get_layer(name).get_weights())

    x = conv("first", picture)
    for block in ("block_00", "block_01"):
        y = np.maximum(conv(f"{block}_conv_1", x), 0)
        x = x + conv(f"{block}_conv_2", y)
    total = conv("last", x) + np.tile(picture, scale**2)
    expected = shuffle(total, scale)
    np.testing.assert_allclose(network(picture[None])[0], expected, atol=1e-5)


def test_starts_at_the_repeated_input() -> None:
    picture = np.random.rand(1, 8, 8, 3).astype(np.float32)
    outputs = np.asarray(AnchoredEDSR(num_filters=16, num_blocks=32)(picture))
    repeated = picture.repeat(4, axis=1).repeat(4, axis=2)
    assert np.abs(outputs - repeated).max() < 0.1
