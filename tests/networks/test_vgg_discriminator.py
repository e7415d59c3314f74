from typing import Any

import keras
import numpy as np
import pytest

from imgan.networks.latent import ImageDiscriminator
from imgan.networks.vgg_discriminator import ESRGANDiscriminator
from imgan.networks.vgg_discriminator import SRGANDiscriminator
from tests.contracts import randomize

BOTH = [SRGANDiscriminator, ESRGANDiscriminator]


@pytest.mark.parametrize(
    ("make", "stages", "units"), [(BOTH[0], 4, 64), (BOTH[1], 5, 100)]
)
def test_sizes_and_widths(
    make: type[ImageDiscriminator], stages: int, units: int
) -> None:
    """Channels double three times; every second convolution halves the size."""
    network = make(image_size=64, num_filters=4)
    shapes = [network.get_layer(name).output.shape for name in network.feature_names]
    widths = [4, 8, 16, 32, 32][:stages]
    expected = [
        (None, size, size, width)
        for stage, width in enumerate(widths)
        for size in (64 // 2**stage, 32 // 2**stage)
    ]
    assert shapes == expected
    assert network.get_layer("dense").units == units
    kernels = [
        layer.kernel_size[0]
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    assert kernels == [3, 3 if make is SRGANDiscriminator else 4] * stages


@pytest.mark.parametrize("make", BOTH)
def test_normalised_except_after_the_first_convolution(
    make: type[ImageDiscriminator],
) -> None:
    network = make(image_size=32, num_filters=4, synchronized=True)
    kinds = [type(layer).__name__ for layer in network.layers[1:5]]
    assert kinds == ["Conv2D", "LeakyReLU", "Conv2D", "BatchNormalization"]
    norms = [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert len(norms) == len(network.feature_names) - 1
    assert all(norm.synchronized for norm in norms)
    slopes = [
        layer.negative_slope
        for layer in network.layers
        if isinstance(layer, keras.layers.LeakyReLU)
    ]
    np.testing.assert_allclose(slopes, 0.2)


@pytest.mark.parametrize(
    ("make", "size", "multiple"),
    [
        (SRGANDiscriminator, 40, 16),
        (SRGANDiscriminator, 0, 16),
        (ESRGANDiscriminator, 48, 32),
        (ESRGANDiscriminator, 16, 32),
        (ESRGANDiscriminator, 288, 64),
    ],
)
def test_sizes_that_cannot_be_halved_are_refused(
    make: Any, size: int, multiple: int
) -> None:
    message = rf"image_size must be a multiple of {multiple} .* Received: {size}$"
    with pytest.raises(ValueError, match=message):
        make(image_size=size)


@pytest.mark.parametrize("make", BOTH)
def test_training_uses_the_statistics_of_the_batch(
    make: type[ImageDiscriminator],
) -> None:
    network = make(image_size=32, num_filters=4)
    randomize(network)
    images = np.random.default_rng(1).random((4, 32, 32, 3)).astype(np.float32)
    trained, stored = network(images, training=True), network(images, training=False)
    assert float(np.abs(trained - stored).max()) > 1e-3
