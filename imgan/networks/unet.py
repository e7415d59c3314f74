"""The U-Net generator of pix2pix."""

from typing import Any

import keras

from imgan.networks.pyramid import normal
from imgan.networks.translation import Normalization
from imgan.networks.translation import TranslationGenerator
from imgan.networks.translation import check_normalization
from imgan.networks.translation import drop
from imgan.networks.translation import enlarge
from imgan.networks.translation import normalize

DROPPED_BLOCKS = 3
"""Blocks of the decoder, from the narrowest, that drop activations."""


@keras.saving.register_keras_serializable(package="imgan")
class UNetGenerator(TranslationGenerator):
    """Encoder and decoder of 4x4 convolutions with skips between them.

    Follows [Isola et al., 2017](https://arxiv.org/abs/1611.07004), section 6.1.1, and
    its released code: the first and the narrowest convolution are not normalised,
    convolutions have a bias only where there is no normalisation (none at all but the
    last with "batch"). At the default arguments it has the 54,413,955 trained
    parameters of that one. The first and the last convolution are float32 under any
    precision.

    Args:
        input_channels: Channels of the pictures it is given.
        output_channels: Channels of the pictures it makes.
        num_filters: Channels at half the size; doubled with every halving.
        max_filters: Most channels of any layer; None: eight times `num_filters`.
        num_levels: Times that the size is halved, at least 2. A pixel depends on those
            up to `3 * (2**num_levels - 1)` pixels away.
        normalization: "batch", "instance" or "none".
        dropout: Fraction of activations dropped in the three narrowest blocks of the
            decoder.
        resize_convolution: Enlarge by repetition and convolve 3x3, which leaves no
            checkerboard ([Odena et al., 2016](https://doi.org/10.23915/distill.00003)),
            instead of transposed 4x4 convolutions.
        noise_seed: Drop at inference too, by masks that are a function of this number;
            None: in training only.
        seed: Of the dropout in training.
        synchronized: Share the statistics of batch normalisation among replicas.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        images: `(batch, height, width, input_channels)` float32 in `[-1, 1]`; sides are
            multiples of `2**num_levels`.

    Returns:
        `(batch, height, width, output_channels)` float32 in `[-1, 1]`.
    """

    def __init__(
        self,
        *,
        input_channels: int = 3,
        output_channels: int = 3,
        num_filters: int = 64,
        max_filters: int | None = None,
        num_levels: int = 8,
        normalization: Normalization = "batch",
        dropout: float = 0.5,
        resize_convolution: bool = False,
        noise_seed: int | None = None,
        seed: int = 0,
        synchronized: bool = False,
        dtype: str | None = None,
        name: str | None = "unet_generator",
    ) -> None:
        check_normalization(normalization)
        if num_levels < 2:
            raise ValueError(f"num_levels must be at least 2. Received: {num_levels}")

        def norm(x: Any, name: str) -> Any:
            return normalize(x, normalization, f"{name}_norm", dtype, synchronized)

        most = max_filters or 8 * num_filters
        widths = [min(num_filters * 2**level, most) for level in range(num_levels)]
        normed_bias, bare_bias = normalization == "none", normalization != "batch"

        # === Functional model ===
        images = keras.Input((None, None, input_channels), name="images")
        x = _halve(images, widths[0], "down_0", "float32", bare_bias)
        skips = []
        for level in range(1, num_levels):
            skips.append(x)
            bottom = level == num_levels - 1
            name_of = f"down_{level}"
            x = keras.layers.LeakyReLU(0.2, dtype=dtype, name=f"{name_of}_relu")(x)
            use_bias = bare_bias if bottom else normed_bias
            x = _halve(x, widths[level], name_of, dtype, use_bias)
            x = x if bottom else norm(x, name_of)
        for level in reversed(range(1, num_levels)):
            name_of = f"up_{level}"
            x = keras.layers.ReLU(dtype=dtype, name=f"{name_of}_relu")(x)
            x = enlarge(
                x,
                widths[level - 1],
                name_of,
                dtype,
                repeat=resize_convolution,
                use_bias=normed_bias,
            )
            x = norm(x, name_of)
            step = num_levels - 1 - level
            if step < DROPPED_BLOCKS:
                x = drop(x, dropout, name_of, dtype, seed + step, noise_seed)
            skip = keras.layers.Concatenate(dtype=dtype, name=f"{name_of}_skip")
            x = skip([x, skips.pop()])
        x = keras.layers.ReLU(dtype=dtype, name="outputs_relu")(x)
        outputs = enlarge(
            x,
            output_channels,
            "outputs",
            "float32",
            repeat=resize_convolution,
            activation="tanh",
        )

        # === Config ===
        arguments = {
            "input_channels": input_channels,
            "output_channels": output_channels,
            "num_filters": num_filters,
            "max_filters": max_filters,
            "num_levels": num_levels,
            "normalization": normalization,
            "dropout": dropout,
            "resize_convolution": resize_convolution,
            "noise_seed": noise_seed,
            "seed": seed,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        super().__init__(images, outputs, arguments=arguments, name=name)

    @property
    def size_multiple(self) -> int:
        """Heights and widths that the network takes are multiples of this."""
        return 2 ** int(self._arguments["num_levels"])


def _halve(x: Any, filters: int, name: str, dtype: Any, use_bias: bool) -> Any:
    layer = keras.layers.Conv2D(
        filters,
        4,
        strides=2,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=normal(),
        dtype=dtype,
        name=name,
    )
    return layer(x)
