"""Discriminators of SRGAN and ESRGAN: stages of convolutions as in VGG."""

from typing import Any

import keras

from imgan.networks.base import batch_norm
from imgan.networks.base import conv
from imgan.networks.latent import ImageDiscriminator

SLOPE = 0.2
GROWING_STAGES = 4
"""Stages in which the channels double, up to eight times the first."""


@keras.saving.register_keras_serializable(package="imgan")
class SRGANDiscriminator(ImageDiscriminator):
    """Discriminator of high-resolution patches with batch normalisation.

    Follows [Ledig et al., 2017](https://arxiv.org/abs/1609.04802), figure 4: eight 3x3
    convolutions, every second one halving the size, and two dense layers; logits
    instead of a probability. At 96x96x3 it has 23,565,505 trained parameters.

    Args:
        image_size: Height and width of the patches, a multiple of 16.
        channels: Channels of the patches.
        num_filters: Channels of the first stage, doubled in each of the next three.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        synchronized: Share the statistics of batch normalisation among replicas.
        name: Name of the model.

    Call arguments:
        images: `(batch, image_size, image_size, channels)` float32 in the range of the
            generator's output.

    Returns:
        Logits `(batch, 1)` float32.
    """

    def __init__(
        self,
        *,
        image_size: int = 96,
        channels: int = 3,
        num_filters: int = 64,
        dtype: str | None = None,
        synchronized: bool = False,
        name: str | None = "srgan_discriminator",
    ) -> None:
        _check_multiple(image_size, 2**GROWING_STAGES)

        # === Functional model ===
        images = x = keras.Input((image_size, image_size, channels), name="images")
        features = {}
        for stage in range(GROWING_STAGES):
            for step, stride in ((1, 1), (2, 2)):
                name_of = f"stage_{stage}_{{}}_{step}".format
                width = num_filters * 2**stage
                x = conv(width, name_of("conv"), dtype, strides=stride)(x)
                if (stage, step) != (0, 1):
                    x = batch_norm(name_of("norm"), dtype, synchronized)(x)
                x = features[name_of("relu")] = _leaky(name_of("relu"), dtype)(x)
        logits = _classify(x, 16 * num_filters, dtype)

        # === Config ===
        arguments = {
            "image_size": image_size,
            "channels": channels,
            "num_filters": num_filters,
            "dtype": dtype,
            "synchronized": synchronized,
        }
        super().__init__(
            images, logits, features=features, arguments=arguments, name=name
        )


@keras.saving.register_keras_serializable(package="imgan")
class ESRGANDiscriminator(ImageDiscriminator):
    """Discriminator of high-resolution patches with 3x3 and halving 4x4 convolutions.

    The one that [Wang et al., 2018](https://arxiv.org/abs/1809.00219) trained with, as
    their code has it: five stages, six from 256 pixels on, batch normalisation except
    after the first convolution, a dense layer of 100. Convolutions have a bias only
    where there is no normalisation. At 128x128x3 it has 14,499,401 trained parameters.

    Args:
        image_size: Height and width of the patches, a multiple of 32; of 64 from 256
            on, of 128 from 512 on, and so forth.
        channels: Channels of the patches.
        num_filters: Channels of the first stage, doubled in each of the next three.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        synchronized: Share the statistics of batch normalisation among replicas.
        name: Name of the model.

    Call arguments:
        images: `(batch, image_size, image_size, channels)` float32 in the range of the
            generator's output.

    Returns:
        Logits `(batch, 1)` float32.
    """

    def __init__(
        self,
        *,
        image_size: int = 128,
        channels: int = 3,
        num_filters: int = 64,
        dtype: str | None = None,
        synchronized: bool = False,
        name: str | None = "esrgan_discriminator",
    ) -> None:
        # So many that fewer than 8x8 positions are left for the dense layer.
        stages = max(5, (image_size // 4).bit_length() - 1)
        _check_multiple(image_size, 2**stages)

        # === Functional model ===
        images = x = keras.Input((image_size, image_size, channels), name="images")
        features = {}
        for stage in range(stages):
            for step, size in ((1, 3), (2, 4)):
                name_of = f"stage_{stage}_{{}}_{step}".format
                bare = (stage, step) == (0, 1)
                layer = conv(
                    num_filters * 2 ** min(stage, GROWING_STAGES - 1),
                    name_of("conv"),
                    dtype,
                    size=size,
                    strides=step,
                    use_bias=bare,
                )
                x = layer(x)
                if not bare:
                    x = batch_norm(name_of("norm"), dtype, synchronized)(x)
                x = features[name_of("relu")] = _leaky(name_of("relu"), dtype)(x)
        logits = _classify(x, 100, dtype)

        # === Config ===
        arguments = {
            "image_size": image_size,
            "channels": channels,
            "num_filters": num_filters,
            "dtype": dtype,
            "synchronized": synchronized,
        }
        super().__init__(
            images, logits, features=features, arguments=arguments, name=name
        )


def _check_multiple(image_size: int, multiple: int) -> None:
    if image_size < multiple or image_size % multiple:
        raise ValueError(
            f"image_size must be a multiple of {multiple} to be halved down to the "
            f"dense layer. Received: {image_size}"
        )


def _classify(x: Any, units: int, dtype: str | None) -> Any:
    """Return one float32 logit for each image, by way of a dense layer."""
    x = keras.layers.Flatten(dtype=dtype, name="flat")(x)
    x = keras.layers.Dense(units, dtype=dtype, name="dense")(x)
    x = _leaky("dense_relu", dtype)(x)
    return keras.layers.Dense(1, dtype="float32", name="logits")(x)


def _leaky(name: str, dtype: str | None) -> Any:
    return keras.layers.LeakyReLU(SLOPE, dtype=dtype, name=name)
