from typing import Any

import keras
import numpy as np
import pytest

from imgan.networks.dcgan import DCGANDiscriminator
from imgan.networks.dcgan import DCGANGenerator
from tests.contracts import randomize

SMALL = {"num_filters": 4, "channels": 1}


def trained_parameters(network: keras.Model) -> int:
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def test_published_size() -> None:
    """The counts that the authors' dcgan.torch has at 64x64."""
    assert trained_parameters(DCGANGenerator()) == 3_576_704
    assert trained_parameters(DCGANDiscriminator()) == 2_765_568


@pytest.mark.parametrize("size", [8, 16, 32, 128])
@pytest.mark.parametrize("resize_convolution", [False, True])
def test_sizes(size: int, resize_convolution: bool) -> None:
    generator = DCGANGenerator(
        image_size=size, resize_convolution=resize_convolution, **SMALL
    )
    discriminator = DCGANDiscriminator(image_size=size, **SMALL)
    images = generator(generator.self_check_inputs((1, 1)))
    assert images.shape == (8, size, size, 1)
    assert discriminator(images).shape == (8, 1)


@pytest.mark.parametrize("size", [0, 4, 20, 48])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=rf"power of two .* Received: {size}$"):
        DCGANGenerator(image_size=size)


@pytest.mark.parametrize(
    ("options", "widths"),
    [
        ({}, [64, 32, 16, 8]),
        ({"max_filters": 16}, [16, 16, 16, 8]),
        ({"image_size": 256}, [64, 64, 64, 32, 16, 8]),
        ({"image_size": 8}, [8]),
    ],
)
def test_channels_of_every_size(options: dict[str, Any], widths: list[int]) -> None:
    generator = DCGANGenerator(num_filters=8, **options)
    discriminator = DCGANDiscriminator(num_filters=8, **options)
    wide = [
        layer.input.shape[-1]
        for layer in generator.layers
        if isinstance(layer, keras.layers.Conv2DTranspose)
    ]
    narrow = [
        discriminator.get_layer(name).output.shape[-1]
        for name in discriminator.feature_names
    ]
    assert wide == widths
    assert narrow == widths[::-1]


def test_starts_as_the_paper_says() -> None:
    """All kernels N(0, 0.02), scales N(1, 0.02), no offset."""
    for network in (DCGANGenerator(), DCGANDiscriminator()):
        for weight in network.trainable_weights:
            values = np.asarray(weight)
            centre = 1.0 if "gamma" in weight.path else 0.0
            width = 0.0 if "beta" in weight.path else 0.02
            # Six standard errors.
            error = 6 * 0.02 / np.sqrt(values.size)
            assert abs(values.mean() - centre) <= error, weight.path
            assert abs(values.std() - width) <= error, weight.path


def test_batch_normalisation_everywhere_but_at_the_images() -> None:
    def norms(network: keras.Model, kind: Any) -> list[str]:
        return [layer.name for layer in network.layers if isinstance(layer, kind)]

    batch = keras.layers.BatchNormalization
    options = {"image_size": 32, **SMALL}
    assert norms(DCGANGenerator(**options), batch) == ["norm_0", "norm_1", "norm_2"]
    assert norms(DCGANDiscriminator(**options), batch) == ["norm_1", "norm_2"]
    layered = DCGANDiscriminator(**options, normalization="layer")
    assert norms(layered, keras.layers.GroupNormalization) == ["norm_1", "norm_2"]
    bare = DCGANDiscriminator(**options, normalization="none")
    assert norms(bare, batch) == []
    assert all(layer.use_bias for layer in bare.layers if hasattr(layer, "use_bias"))
    synchronized = DCGANDiscriminator(**options, synchronized=True)
    assert all(
        synchronized.get_layer(n).synchronized for n in norms(synchronized, batch)
    )


def test_unknown_normalization_is_refused() -> None:
    with pytest.raises(ValueError, match=r"batch, layer, none.*Received: instance"):
        DCGANDiscriminator(normalization="instance")  # type: ignore[arg-type]


def test_dropout_follows_its_seed() -> None:
    def logits(seed: int, training: bool) -> Any:
        network = DCGANDiscriminator(image_size=8, dropout=0.5, seed=seed, **SMALL)
        randomize(network)
        images = np.full((2, 8, 8, 1), 0.3, np.float32)
        return np.asarray(network(images, training=training))

    np.testing.assert_array_equal(logits(1, True), logits(1, True))
    assert (logits(1, True) != logits(2, True)).any()
    np.testing.assert_array_equal(logits(1, False), logits(2, False))


def test_resize_convolution_leaves_no_checkerboard() -> None:
    """The last layer on a constant map, away from the border.

    Of a transposed kernel each of the four phases of pixels meets other weights; after
    repetition every pixel meets the whole kernel.
    """
    spread = []
    for resize_convolution in (False, True):
        network = DCGANGenerator(
            image_size=16, resize_convolution=resize_convolution, **SMALL
        )
        randomize(network)
        last = network.get_layer("images")
        constant = np.ones((1, *last.input.shape[1:]), np.float32)
        centre = np.asarray(last(constant))[0, 4:12, 4:12]
        spread.append(float(np.ptp(centre)))
    assert spread[0] > 0.1
    assert spread[1] < 1e-5
