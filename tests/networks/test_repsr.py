import numpy as np
import pytest

from imgan.networks.repsr import RepConv2D
from imgan.networks.repsr import RepSR
from tests.contracts import check_layer
from tests.contracts import randomize
from tests.networks.small import shuffle
from tests.networks.small import zero_padded_conv


def test_layer_contract() -> None:
    check_layer(RepConv2D(4), np.random.rand(2, 5, 6, 4).astype(np.float32))


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (6, 4)])
def test_layer_equals_its_branches(size: tuple[int, int]) -> None:
    """3x3 + 1x1 + the input itself + the bias, each computed alone."""
    layer = RepConv2D(4)
    images = np.random.normal(size=(1, *size, 4))
    layer.build(images.shape)
    randomize(layer)
    expected = (
        zero_padded_conv(images[0], np.asarray(layer.wide))
        + images[0] @ np.asarray(layer.point)[0, 0]
        + images[0]
        + np.asarray(layer.bias)
    )
    made = layer(images.astype(np.float32))[0]
    np.testing.assert_allclose(made, expected, atol=2e-6)


def test_network_equals_its_formula() -> None:
    """ReLU after every convolution but the last; the repeated input is added."""
    network = RepSR(scale=3, num_filters=6, num_convs=2, fused=True)
    randomize(network)
    picture = np.random.rand(4, 5, 3).astype(np.float32)
    x = picture
    for name in ("first", "body_00", "body_01"):
        x = np.maximum(zero_padded_conv(x, *network.get_layer(name).get_weights()), 0)
    x = zero_padded_conv(x, *network.get_layer("last").get_weights())
    expected = shuffle(x, 3) + picture.repeat(3, 0).repeat(3, 1)
    np.testing.assert_allclose(network(picture[None])[0], expected, atol=2e-6)


def test_training_starts_at_the_enlarged_input() -> None:
    picture = np.random.rand(1, 6, 5, 3).astype(np.float32)
    outputs = RepSR(scale=2, num_filters=16, num_convs=3)(picture)
    base = picture.repeat(2, 1).repeat(2, 2)
    assert float(np.abs(outputs - base).max()) < 0.05
