import cv2
import numpy as np
import pytest

from imgan.layers.spectral_norm import SpectralConv2D
from imgan.networks.unet_discriminator import UNetDiscriminator
from imgan.types import Array
from tests.contracts import randomize
from tests.networks.small import zero_padded_conv


@pytest.mark.parametrize("skip_connection", [True, False])
def test_equals_its_formula(skip_connection: bool) -> None:
    """Encoder, bilinear decoder with added skips; kernels divided by their sigma.

    The estimate of sigma is set to the exact one, from numpy's decomposition.
    """
    network = UNetDiscriminator(num_filters=3, skip_connection=skip_connection)
    randomize(network)
    picture = np.random.default_rng(2).random((16, 24, 3)).astype(np.float32)

    def kernel(name: str) -> Array:
        layer = network.get_layer(name)
        assert isinstance(layer, SpectralConv2D)
        assert not layer.use_bias
        raw = np.asarray(layer.kernel, np.float64)
        _, sigma, right = np.linalg.svd(raw.reshape(-1, raw.shape[-1]))
        layer.direction.assign(right[0])
        return raw / sigma[0]

    def leaky(x: Array) -> Array:
        return np.where(x > 0, x, 0.2 * x)

    def halve(name: str, x: Array) -> Array:
        """4x4 with a stride of two, one pixel of zeros around."""
        taps, padded = kernel(name), np.pad(x, ((1, 1), (1, 1), (0, 0)))
        height, width = x.shape[:2]
        parts = [
            padded[dy : dy + height : 2, dx : dx + width : 2] @ taps[dy, dx]
            for dy, dx in np.ndindex(4, 4)
        ]
        return leaky(np.sum(parts, axis=0))

    def double(x: Array) -> Array:
        size = (2 * x.shape[1], 2 * x.shape[0])
        return cv2.resize(x, size, interpolation=cv2.INTER_LINEAR)

    x = leaky(zero_padded_conv(picture, *network.get_layer("first").get_weights()))
    skips = []
    for step in range(3):
        skips.append(x)
        x = halve(f"down_{step}", x)
    for step in (2, 1, 0):
        x = leaky(zero_padded_conv(double(x), kernel(f"up_{step}")))
        x = x + skips[step] if skip_connection else x
    for name in ("wide_0", "wide_1"):
        x = leaky(zero_padded_conv(x, kernel(name)))
    expected = zero_padded_conv(x, *network.get_layer("logits").get_weights())
    np.testing.assert_allclose(network(picture[None])[0], expected, atol=1e-5)


def test_any_multiple_of_eight_is_taken() -> None:
    network = UNetDiscriminator(num_filters=3)
    assert network.size_multiple == 8
    assert network.image_size is None
    for height, width in ((8, 8), (8, 40), (24, 16)):
        images = np.zeros((2, height, width, 3), np.float32)
        assert network(images).shape == (2, height, width, 1)
