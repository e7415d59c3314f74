"""The U-Net generator of pix2pix."""

from collections.abc import Sequence
from dataclasses import dataclass
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
        normalization: "batch", "instance", "instance_affine" or "none".
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

        # === Functional model ===
        most = max_filters or 8 * num_filters
        shape = _Shape(
            widths=[min(num_filters * 2**level, most) for level in range(num_levels)],
            normalization=normalization,
            synchronized=synchronized,
            resize_convolution=resize_convolution,
            dropout=dropout,
            seeds=(seed, noise_seed),
            dtype=dtype,
        )
        images = keras.Input((None, None, input_channels), name="images")
        outputs = shape.double(*shape.halve(images), output_channels)

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


@dataclass(frozen=True)
class _Shape:
    """What the two halves of a U-Net share.

    Args:
        widths: Channels of the levels, from half the size down.
        normalization: "batch", "instance", "instance_affine" or "none".
        synchronized: Share the statistics of batch normalisation among replicas.
        resize_convolution: Enlarge by repetition.
        dropout: Fraction dropped in the deepest blocks of the doubling half.
        seeds: Of the dropout in training, and at inference.
        dtype: Keras dtype policy of the hidden layers.
    """

    widths: Sequence[int]
    normalization: Normalization
    synchronized: bool
    resize_convolution: bool
    dropout: float
    seeds: tuple[int, int | None]
    dtype: str | None

    @property
    def use_bias(self) -> bool:
        """Whether convolutions that are normalised if anything is have a bias."""
        return self.normalization == "none"

    def halve(self, images: Any) -> tuple[Any, list[Any]]:
        """Return the deepest map, and those that the other half is shown again."""
        bare_bias, dtype = self.normalization != "batch", self.dtype
        x = _halve(images, self.widths[0], "down_0", "float32", bare_bias)
        skips = []
        for level in range(1, len(self.widths)):
            skips.append(x)
            bottom, name = level == len(self.widths) - 1, f"down_{level}"
            x = keras.layers.LeakyReLU(0.2, dtype=dtype, name=f"{name}_relu")(x)
            use_bias = bare_bias if bottom else self.use_bias
            x = _halve(x, self.widths[level], name, dtype, use_bias)
            x = x if bottom else self._norm(x, name)
        return x, skips

    def double(self, x: Any, skips: list[Any], channels: int) -> Any:
        """Return images in `[-1, 1]` from what `halve` has made."""
        seed, noise_seed = self.seeds
        repeat, dtype = self.resize_convolution, self.dtype
        for step, level in enumerate(reversed(range(1, len(self.widths)))):
            name, width = f"up_{level}", self.widths[level - 1]
            x = keras.layers.ReLU(dtype=dtype, name=f"{name}_relu")(x)
            x = enlarge(x, width, name, dtype, repeat=repeat, use_bias=self.use_bias)
            x = self._norm(x, name)
            if step < DROPPED_BLOCKS:
                x = drop(x, self.dropout, name, dtype, seed + step, noise_seed)
            skip = keras.layers.Concatenate(dtype=dtype, name=f"{name}_skip")
            x = skip([x, skips[level - 1]])
        x = keras.layers.ReLU(dtype=dtype, name="outputs_relu")(x)
        return enlarge(
            x, channels, "outputs", "float32", repeat=repeat, activation="tanh"
        )

    def _norm(self, x: Any, name: str) -> Any:
        kind, shared = self.normalization, self.synchronized
        return normalize(x, kind, f"{name}_norm", self.dtype, shared)


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
