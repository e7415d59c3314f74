import numpy as np
import pytest

from imgan.networks.rrdb import RRDBNet
from imgan.types import Array
from tests.contracts import check_sizes
from tests.contracts import randomize
from tests.networks.small import zero_padded_conv


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scale", "unshuffle", "unit", "steps"),
    [
        (4, None, 1, 2),
        (8, None, 1, 3),
        (2, None, 2, 2),
        (1, None, 4, 2),
        (1, 1, 1, 0),
        (4, 2, 2, 3),
    ],
)
def test_equals_its_formula(
    scale: int, unshuffle: int | None, unit: int, steps: int
) -> None:
    """Section 3.1: dense blocks, both residuals times 0.2, repetition, LeakyReLU 0.2.

    Scales below 4 see squares of pixels as channels, and are enlarged twice all the
    same, unless `unshuffle` says otherwise.
    """
    network = RRDBNet(
        scale=scale, num_filters=4, num_blocks=2, growth=3, unshuffle=unshuffle
    )
    randomize(network)
    assert network.size_multiple == unit
    picture = np.random.rand(2 * unit, 3 * unit, 3).astype(np.float32)

    def conv(name: str, x: Array) -> Array:
        return zero_padded_conv(x, *network.get_layer(name).get_weights())

    def leaky(x: Array) -> Array:
        return np.where(x > 0, x, 0.2 * x)

    def dense(name: str, x: Array) -> Array:
        parts = [x]
        for index in (1, 2, 3, 4):
            joined = np.concatenate(parts, -1)
            parts.append(leaky(conv(f"{name}_conv_{index}", joined)))
        return x + 0.2 * conv(f"{name}_conv_5", np.concatenate(parts, -1))

    squares = [picture[dy::unit, dx::unit] for dy, dx in np.ndindex(unit, unit)]
    first = x = conv("first", np.concatenate(squares, -1))
    for block in ("block_00", "block_01"):
        y = x
        for index in (1, 2, 3):
            y = dense(f"{block}_dense_{index}", y)
        x = x + 0.2 * y
    x = first + conv("trunk", x)
    for index in range(steps):
        x = leaky(conv(f"up_{index}", x.repeat(2, 0).repeat(2, 1)))
    expected = conv("last", leaky(conv("wide", x)))
    assert expected.shape[:2] == (2 * unit * scale, 3 * unit * scale)
    np.testing.assert_allclose(network(picture[None])[0], expected, atol=1e-5)
    check_sizes(network, trace=False)


def test_kernels_start_at_a_tenth_of_he_and_differ() -> None:
    network = RRDBNet(num_blocks=1)
    for layer in network.layers:
        if not layer.weights:
            continue
        kernel, bias = layer.get_weights()
        assert not bias.any()
        tenth = "block" in layer.name or layer.name in ("trunk", "last")
        he = np.sqrt(2.0 / np.prod(kernel.shape[:-1])) * (0.1 if tenth else 1.0)
        np.testing.assert_allclose(kernel.std(), he, rtol=0.1, err_msg=layer.name)
    left, right = (
        network.get_layer(f"block_00_dense_{index}_conv_1").get_weights()[0]
        for index in (1, 2)
    )
    assert not np.array_equal(left, right)


def test_sizes_that_are_no_multiples_are_refused() -> None:
    network = RRDBNet(scale=2, num_filters=4, num_blocks=1, growth=2)
    with pytest.raises(ValueError, match=r"multiples of 2.*\(1, 5, 4, 3\)"):
        network(np.zeros((1, 5, 4, 3), np.float32))


def test_impossible_unshuffle() -> None:
    with pytest.raises(ValueError, match="unshuffle must be 1, 2 or 4. Received: 3"):
        RRDBNet(unshuffle=3)
