import numpy as np
import pytest

from imgan.networks.base import DIV2K_MEAN
from imgan.networks.edsr import EDSR
from imgan.types import Array
from tests.contracts import randomize
from tests.networks.small import shuffle
from tests.networks.small import zero_padded_conv


@pytest.mark.parametrize(
    ("channels", "mean", "steps"),
    [(3, DIV2K_MEAN, (2, 2)), (1, 0.5, (3,)), (5, 0.5, (2,))],
)
def test_equals_its_formula(
    channels: int, mean: Array | float, steps: tuple[int, ...]
) -> None:
    """Section 3 of the paper: ReLU inside the blocks only, a long skip, range 255."""
    scale = int(np.prod(steps))
    network = EDSR(
        scale=scale, num_filters=4, num_blocks=2, residual_scale=0.1, channels=channels
    )
    randomize(network)
    picture = np.random.rand(4, 5, channels).astype(np.float32)

    def conv(name: str, x: Array) -> Array:
        return zero_padded_conv(x, *network.get_layer(name).get_weights())

    first = x = conv("first", (picture - mean) * 255.0)
    for block in ("block_00", "block_01"):
        y = np.maximum(conv(f"{block}_conv_1", x), 0)
        x = x + 0.1 * conv(f"{block}_conv_2", y)
    x = first + conv("trunk", x)
    for index, step in enumerate(steps):
        x = shuffle(conv(f"up_{index}", x), step)
    expected = conv("last", x) / 255.0 + mean
    np.testing.assert_allclose(network(picture[None])[0], expected, atol=1e-5)


def test_starts_near_the_mean() -> None:
    """Residual branches at a tenth of He's scale keep 32 blocks from growing."""
    picture = np.random.rand(1, 8, 8, 3).astype(np.float32)
    outputs = np.asarray(EDSR(num_filters=16, num_blocks=32)(picture))
    assert np.abs(outputs - DIV2K_MEAN).mean() < 0.5
