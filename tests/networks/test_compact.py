import numpy as np

from imgan.networks.compact import Compact
from tests.contracts import randomize
from tests.networks.small import shuffle
from tests.networks.small import zero_padded_conv


def test_network_equals_its_formula() -> None:
    """A slope per channel below zero; the repeated input is added at the end."""
    network = Compact(scale=2, num_filters=5, num_convs=2)
    randomize(network)
    picture = np.random.rand(4, 5, 3).astype(np.float32)
    x = picture
    for index in range(3):
        kernel, bias = network.get_layer(f"conv_{index:02d}").get_weights()
        (slope,) = network.get_layer(f"prelu_{index:02d}").get_weights()
        assert slope.shape == (1, 1, 5)
        x = zero_padded_conv(x, kernel, bias)
        x = np.where(x > 0, x, slope * x)
    x = zero_padded_conv(x, *network.get_layer("last").get_weights())
    expected = shuffle(x, 2) + picture.repeat(2, 0).repeat(2, 1)
    np.testing.assert_allclose(network(picture[None])[0], expected, atol=2e-6)
