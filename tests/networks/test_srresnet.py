from typing import Any

import cv2
import keras
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


def test_srresnet_as_others_trained_it() -> None:
    """A tanh, ImageNet's colours, and a PReLU at the end of the trunk."""
    plain = SRResNet(scale=2, num_filters=4, num_blocks=1)
    twin = SRResNet(
        scale=2,
        num_filters=4,
        num_blocks=1,
        output_activation="tanh",
        standardized=True,
        normalized_trunk=False,
    )
    randomize(plain)
    for layer in twin.layers:
        if layer.weights and layer.name != "trunk_prelu":
            layer.set_weights(plain.get_layer(layer.name).get_weights())
    # As an identity, which batch normalisation at its start is nearly.
    twin.get_layer("trunk_prelu").set_weights([np.ones((1, 1, 4), np.float32)])
    norm = plain.get_layer("trunk_norm")
    norm.set_weights([np.ones(4), np.zeros(4), np.zeros(4), np.full(4, 1 - 1e-5)])
    picture = np.random.rand(1, 6, 5, 3).astype(np.float32)
    seen = (picture - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    expected = np.tanh(plain(seen.astype(np.float32)))
    np.testing.assert_allclose(twin(picture), expected, atol=1e-5)
    assert type(twin).from_config(twin.get_config()).get_config() == twin.get_config()


def test_networks_saved_before_these_arguments_load() -> None:
    config = SRResNet(scale=2, num_filters=4, num_blocks=1).get_config()
    newer = ("output_activation", "standardized", "normalized_trunk", "synchronized")
    for name in newer:
        del config[name]
    network = SRResNet.from_config(config)
    assert not network.get_config()["synchronized"]
    assert network.get_layer("last").activation.__name__ == "linear"
    assert "standardize" not in {layer.name for layer in network.layers}
    assert network.get_layer("trunk_norm").weights


@pytest.mark.parametrize("synchronized", [False, True])
def test_replicas_share_statistics_where_they_shall(synchronized: bool) -> None:
    network = SRResNet(scale=2, num_blocks=1, synchronized=synchronized)
    shared = {
        layer.name: layer.synchronized for layer in network.layers if _norm(layer)
    }
    names = ("block_00_norm_1", "block_00_norm_2", "trunk_norm")
    assert shared == dict.fromkeys(names, synchronized)


def _norm(layer: Any) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"output_activation": "relu"}, "must be linear or tanh. Received: relu"),
        ({"standardized": True, "channels": 1}, "take 3 channels. Received: 1"),
    ],
)
def test_srresnet_refuses_what_it_cannot_be(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SRResNet(**arguments)


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
