"""The U-Net generator of pix2pix."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.layers.noise_dropout import NoiseDropout
from imgan.networks.halo import halo
from imgan.networks.unet import UNetGenerator
from tests.contracts import randomize

SMALL: dict[str, Any] = {"num_filters": 4, "num_levels": 5}


@pytest.fixture(scope="module")
def published() -> UNetGenerator:
    return UNetGenerator()


def names(network: UNetGenerator, kind: type) -> list[str]:
    return [layer.name for layer in network.layers if isinstance(layer, kind)]


def test_published_size(published: UNetGenerator) -> None:
    """The count of the released code, and a pixel that sees three bottlenecks."""
    trained = sum(int(np.prod(w.shape)) for w in published.trainable_weights)
    assert trained == 54_413_955
    assert published.size_multiple == 256
    assert published.minimum_size == 1
    assert halo(published) == 3 * 255


def test_published_widths(published: UNetGenerator) -> None:
    """C64-C128-C256-C512 x 5 and CD512 x 3-C512-C256-C128-C64, by section 6.1.1."""
    widths = [64, 128, 256, 512, 512, 512, 512, 512]
    down = [published.get_layer(f"down_{level}").filters for level in range(8)]
    up = [published.get_layer(f"up_{level}").filters for level in range(1, 8)]
    assert down == widths
    assert up == widths[:-1]
    assert names(published, NoiseDropout) == ["up_7_drop", "up_6_drop", "up_5_drop"]
    normed = names(published, keras.layers.BatchNormalization)
    assert {"down_0_norm", "down_7_norm"}.isdisjoint(normed)
    assert len(normed) == 6 + 7
    # Skips double what comes in.
    assert published.get_layer("up_1").kernel.shape == (4, 4, 64, 256)
    assert published.get_layer("outputs").kernel.shape == (4, 4, 3, 128)


@pytest.mark.parametrize(("levels", "blocks"), [(2, 1), (3, 2), (4, 3), (5, 3)])
def test_dropout_in_as_many_blocks_as_there_are(levels: int, blocks: int) -> None:
    network = UNetGenerator(num_filters=2, num_levels=levels)
    assert len(names(network, NoiseDropout)) == blocks
    assert network.size_multiple == 2**levels
    assert names(UNetGenerator(**SMALL, dropout=0.0), NoiseDropout) == []


@pytest.mark.parametrize(
    ("normalization", "biased"),
    [
        ("batch", {"outputs"}),
        ("instance", {"outputs", "down_0", "down_2"}),
        ("none", {"outputs", "down_0", "down_1", "down_2", "up_2", "up_1"}),
    ],
)
def test_biases_only_where_they_act(normalization: Any, biased: set[str]) -> None:
    network = UNetGenerator(num_filters=2, num_levels=3, normalization=normalization)
    found = {
        layer.name for layer in network.layers if getattr(layer, "use_bias", False)
    }
    assert found == biased


def test_narrowest_layers_are_as_wide_as_allowed() -> None:
    network = UNetGenerator(num_filters=4, num_levels=5, max_filters=10)
    widths = [network.get_layer(f"down_{level}").filters for level in range(5)]
    assert widths == [4, 8, 10, 10, 10]


def test_resize_convolution_leaves_no_checkerboard() -> None:
    """Flat maps, away from the border: after repetition every pixel meets one kernel.

    Neighbours of even and odd rows and columns meet other taps of a transposed one.
    """
    contrast = []
    for resize_convolution in (False, True):
        network = UNetGenerator(**SMALL, resize_convolution=resize_convolution)
        randomize(network)
        outputs = np.asarray(network(np.full((1, 192, 192, 3), 0.3, np.float32)))
        centre = outputs[0, 80:112, 80:112].astype(np.float64)
        phases = [centre[y::2, x::2].mean((0, 1)) for y, x in np.ndindex(2, 2)]
        contrast.append(float(np.ptp(phases, axis=0).max()))
    assert contrast[0] > 0.01
    assert contrast[1] < 1e-5


def test_noise_in_a_traced_graph() -> None:
    network = UNetGenerator(**SMALL, noise_seed=5)
    randomize(network)
    images = np.random.default_rng(2).uniform(-1, 1, (1, 32, 64, 3)).astype(np.float32)
    signature = [tf.TensorSpec((None, None, None, 3))]
    traced = tf.function(network, input_signature=signature)
    first = np.asarray(traced(images))
    np.testing.assert_array_equal(traced(images), first)
    np.testing.assert_allclose(network(images), first, rtol=0, atol=1e-5)


def test_too_few_levels_are_refused() -> None:
    with pytest.raises(ValueError, match="num_levels must be at least 2. Received: 1"):
        UNetGenerator(num_levels=1)
