"""The U-Net discriminator of Real-ESRGAN."""

from typing import Any

import keras

from imgan.layers.bilinear import BilinearPhases
from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.spectral_norm import SpectralConv2D
from imgan.networks.base import conv
from imgan.networks.latent import ImageDiscriminator

STEPS = 3
"""Times that the size is halved and doubled again."""


@keras.saving.register_keras_serializable(package="imgan")
class UNetDiscriminator(ImageDiscriminator):
    """Discriminator that judges every pixel, with spectral normalisation.

    Follows [Wang et al., 2021](https://arxiv.org/abs/2107.10833), section 3.3, and its
    released code: three halving 4x4 convolutions, three bilinear enlargements with a
    3x3 each, skips that are added, LeakyReLU 0.2. The first and the last convolution
    are plain ones with a bias, the others are normalised and have none. With 64
    filters and 3 channels it has 4,376,897 trained parameters.

    Args:
        channels: Channels of the pictures.
        num_filters: Channels at full size, doubled with every halving.
        skip_connection: Add what the halving half saw to the doubling half.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        images: `(batch, height, width, channels)` float32 in the range of the
            generator's output; sides are multiples of 8.

    Returns:
        Logits `(batch, height, width, 1)` float32.
    """

    def __init__(
        self,
        *,
        channels: int = 3,
        num_filters: int = 64,
        skip_connection: bool = True,
        dtype: str | None = None,
        name: str | None = "unet_discriminator",
    ) -> None:
        features: dict[str, Any] = {}

        def leaky(x: Any, name: str) -> Any:
            layer = keras.layers.LeakyReLU(0.2, dtype=dtype, name=name)
            features[name] = layer(x)
            return features[name]

        def normalized(filters: int, name: str, size: int = 3, strides: int = 1) -> Any:
            return SpectralConv2D(
                filters,
                size,
                strides=strides,
                padding="same",
                use_bias=False,
                kernel_initializer="he_normal",
                dtype=dtype,
                name=name,
            )

        # === Functional model ===
        images = keras.Input((None, None, channels), name="images")
        x = leaky(conv(num_filters, "first", dtype)(images), "first_relu")
        skips = []
        for step in range(STEPS):
            skips.append(x)
            width = num_filters * 2 ** (step + 1)
            x = normalized(width, f"down_{step}", size=4, strides=2)(x)
            x = leaky(x, f"down_{step}_relu")
        for step in reversed(range(STEPS)):
            x = _enlarge(x, f"up_{step}", dtype)
            x = normalized(num_filters * 2**step, f"up_{step}")(x)
            x = leaky(x, f"up_{step}_relu")
            if skip_connection:
                total = keras.layers.Add(dtype=dtype, name=f"up_{step}_sum")
                x = total([x, skips[step]])
        for name_of in ("wide_0", "wide_1"):
            x = leaky(normalized(num_filters, name_of)(x), f"{name_of}_relu")
        logits = conv(1, "logits", "float32")(x)

        # === Config ===
        arguments = {
            "channels": channels,
            "num_filters": num_filters,
            "skip_connection": skip_connection,
            "dtype": dtype,
        }
        super().__init__(
            images, logits, features=features, arguments=arguments, name=name
        )

    @property
    def size_multiple(self) -> int:
        """Heights and widths that the network takes are multiples of this."""
        return 2**STEPS


def _enlarge(x: Any, name: str, dtype: str | None) -> Any:
    x = BilinearPhases(2, dtype=dtype, name=f"{name}_phases")(x)
    return DepthToSpace(2, dtype=dtype, name=f"{name}_shuffle")(x)
