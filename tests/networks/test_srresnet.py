import cv2
import numpy as np
import pytest

from imgan.networks.srresnet import MSRResNet
from imgan.networks.srresnet import SRResNet
from imgan.types import Array
from tests.contracts import randomize
from tests.networks.small import shuffle
from tests.networks.small import zero_padded_conv


def test_msrresnet_equals_its_formula() -> None:
    """LeakyReLU 0.1 outside the blocks, ReLU inside, a bilinear base, no long skip."""
    network = MSRResNet(scale=4, num_filters=4, num_blocks=2)
    randomize(network)
    picture = np.random.rand(4, 5, 3).astype(np.float32)

    def conv(name: str, x: Array) -> Array:
        return zero_padded_conv(x, *network.get_layer(name).get_weights())

    def leaky(x: Array) -> Array:
        return np.where(x > 0, x, 0.1 * x)

    x = leaky(conv("first", picture))
    for block in ("block_00", "block_01"):
        x = x + conv(f"{block}_conv_2", np.maximum(conv(f"{block}_conv_1", x), 0))
    for name in ("up_0", "up_1"):
        x = leaky(shuffle(conv(name, x), 2))
    x = conv("last", leaky(conv("wide", x)))
    expected = x + cv2.resize(picture, (20, 16), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(network(picture[None])[0], expected, atol=5e-6)


@pytest.mark.parametrize("training", [False, True])
def test_srresnet_equals_its_formula(training: bool) -> None:
    """Figure 4 of the paper; batch normalisation by the batch or by what is stored."""
    network = SRResNet(scale=2, num_filters=4, num_blocks=1)
    randomize(network)
    picture = np.random.rand(6, 5, 3).astype(np.float32)

    def conv(name: str, x: Array) -> Array:
        return zero_padded_conv(x, *network.get_layer(name).get_weights())

    def prelu(name: str, x: Array) -> Array:
        return np.where(x > 0, x, network.get_layer(name).get_weights()[0] * x)

    def norm(name: str, x: Array) -> Array:
        gamma, beta, mean, variance = network.get_layer(name).get_weights()
        if training:
            mean, variance = x.mean((0, 1)), x.var((0, 1))
        return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta

    first = x = prelu("first_prelu", conv("first", picture))
    y = norm("block_00_norm_1", conv("block_00_conv_1", x))
    y = conv("block_00_conv_2", prelu("block_00_prelu", y))
    x = x + norm("block_00_norm_2", y)
    x = first + norm("trunk_norm", conv("trunk", x))
    expected = conv("last", prelu("up_0_prelu", shuffle(conv("up_0", x), 2)))
    made = network(picture[None], training=training)[0]
    np.testing.assert_allclose(made, expected, atol=2e-5)
    assert SRResNet.output_range == (-1.0, 1.0)
