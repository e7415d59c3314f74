import numpy as np

from imgan.networks.mlp import MLPDiscriminator
from imgan.networks.mlp import MLPGenerator
from tests.contracts import randomize


def test_published_size() -> None:
    """100-1200-1200-784 with biases; 784-(240x5)-(240x5)-1 with biases."""
    generator = 101 * 1200 + 1201 * 1200 + 1201 * 784
    discriminator = 785 * 1200 + 241 * 1200 + 241
    assert MLPGenerator().count_params() == generator
    assert MLPDiscriminator().count_params() == discriminator


def test_starts_uniform() -> None:
    for network, limit in ((MLPGenerator(), 0.05), (MLPDiscriminator(), 0.005)):
        for weight in network.trainable_weights:
            values = np.asarray(weight)
            if "bias" in weight.path:
                assert not values.any()
            else:
                assert abs(values).max() <= limit
                np.testing.assert_allclose(values.std(), limit / 3**0.5, rtol=0.1)


def test_unit_is_the_largest_of_its_pieces() -> None:
    """The logit from the weights, in float64 and by a loop over pieces."""
    network = MLPDiscriminator(image_size=3, hidden_units=(4, 2), pieces=3)
    randomize(network)
    images = np.random.default_rng(1).random((5, 3, 3, 1)).astype(np.float32)
    x = images.reshape(5, 9).astype(np.float64)
    for layer, units in (("pieces_0", 4), ("pieces_1", 2)):
        kernel, bias = (np.asarray(w) for w in network.get_layer(layer).weights)
        pieces = [
            x @ kernel[:, first : first + units] + bias[first : first + units]
            for first in range(0, 3 * units, units)
        ]
        x = np.max(pieces, axis=0)
    kernel, bias = (np.asarray(w) for w in network.get_layer("logits").weights)
    np.testing.assert_allclose(network(images), x @ kernel + bias, rtol=1e-5)


def test_dropout_rates_and_seed() -> None:
    network = MLPDiscriminator(image_size=4, hidden_units=(8, 8), seed=5)
    rates = [network.get_layer(n).rate for n in ("drop_pixels", "drop_0", "drop_1")]
    assert rates == [0.2, 0.5, 0.5]
    twin = MLPDiscriminator.from_config(network.get_config())
    randomize(network)
    randomize(twin)
    images = np.random.default_rng(1).random((3, 4, 4, 1)).astype(np.float32)
    first, second = (np.asarray(network(images, training=True)) for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(twin(images, training=True), first)
