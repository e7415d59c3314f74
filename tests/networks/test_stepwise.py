import keras
import numpy as np
import pytest

from imgan.networks.base import Network
from imgan.networks.rrdb import RRDBNet
from imgan.networks.stepwise import compute
from imgan.networks.unet import UNetGenerator
from tests.contracts import example
from tests.contracts import randomize

NETWORKS = {
    "dense": RRDBNet(scale=2, num_filters=4, growth=2, num_blocks=1),
    "statistics and dropout": UNetGenerator(num_filters=2, num_levels=2),
    "instances": UNetGenerator(
        num_filters=2, num_levels=2, normalization="instance_affine"
    ),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_as_the_whole_call(kind: str) -> None:
    network = NETWORKS[kind]
    randomize(network)
    images = example(network, 8, 12)
    whole = np.asarray(network(images, training=False))
    np.testing.assert_allclose(compute(network, images), whole, rtol=1e-5, atol=1e-6)


def test_a_layer_that_is_used_twice() -> None:
    images = keras.Input((None, None, 3))
    layer = keras.layers.Conv2D(3, 3, padding="same")
    once = layer(images)
    outputs = keras.layers.Add()([layer(once), once, images])
    network = Network(images, outputs, arguments={})
    randomize(network)
    pixels = example(network, 5, 7)
    np.testing.assert_allclose(compute(network, pixels), network(pixels), atol=1e-6)


def test_the_input_is_the_output() -> None:
    images = keras.Input((None, None, 3))
    network = Network(images, keras.layers.Identity()(images), arguments={})
    pixels = example(network, 5, 7)
    np.testing.assert_array_equal(compute(network, pixels), pixels)
