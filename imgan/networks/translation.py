"""What generators that translate pictures have in common."""

from typing import Any
from typing import ClassVar
from typing import Literal
from typing import get_args

import keras

from imgan.layers.noise_dropout import NoiseDropout
from imgan.networks.base import Network
from imgan.networks.pyramid import dcgan_norm
from imgan.networks.pyramid import normal

Normalization = Literal["batch", "instance", "instance_affine", "none"]
NORMALIZATIONS: tuple[Normalization, ...] = get_args(Normalization)


class TranslationGenerator(Network):
    """A generator that makes a picture of the same size out of a picture.

    Call arguments:
        images: `(batch, height, width, input_channels)` float32 in `input_range`; sides
            are multiples of `size_multiple` and at least `minimum_size`.

    Returns:
        `(batch, height, width, output_channels)` float32 in `output_range`.
    """

    input_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    output_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)


def check_normalization(normalization: str) -> None:
    """Raise ValueError if there is no such normalisation."""
    if normalization not in NORMALIZATIONS:
        raise ValueError(
            f"normalization must be one of {', '.join(NORMALIZATIONS)}. "
            f"Received: {normalization}"
        )


def normalize(
    x: Any,
    normalization: Normalization,
    name: str,
    dtype: str | None,
    synchronized: bool = False,
) -> Any:
    """Normalise a symbolic tensor, by a layer of that name.

    Args:
        x: `(batch, height, width, channels)`.
        normalization: "batch", with trained scale and offset; "instance", each channel
            of each picture by its own statistics and nothing trained;
            "instance_affine", the same with trained scale and offset; or "none".
        name: Of the layer.
        dtype: Keras dtype policy.
        synchronized: Share the statistics of batch normalisation among replicas.
    """
    if normalization == "none":
        return x
    if normalization == "batch":
        return dcgan_norm(name, dtype, synchronized)(x)
    affine = normalization == "instance_affine"
    layer = keras.layers.GroupNormalization(
        groups=-1, epsilon=1e-5, center=affine, scale=affine, dtype=dtype, name=name
    )
    return layer(x)


def enlarge(
    x: Any, filters: int, name: str, dtype: Any, *, repeat: bool, **options: Any
) -> Any:
    """Double height and width.

    Args:
        x: `(batch, height, width, channels)`.
        filters: Channels of the result.
        name: Of the layer with the kernel.
        dtype: Keras dtype policy.
        repeat: Repeat pixels and convolve 3x3, which leaves no checkerboard
            ([Odena et al., 2016](https://doi.org/10.23915/distill.00003)), instead of a
            transposed 4x4 convolution.
        options: Of the layer with the kernel.
    """
    options = {"kernel_initializer": normal(), "padding": "same", **options}
    if repeat:
        x = keras.layers.UpSampling2D(2, dtype=dtype, name=f"{name}_repeat")(x)
        return keras.layers.Conv2D(filters, 3, dtype=dtype, name=name, **options)(x)
    layer = keras.layers.Conv2DTranspose(
        filters, 4, strides=2, dtype=dtype, name=name, **options
    )
    return layer(x)


def drop(
    x: Any, rate: float, name: str, dtype: Any, seed: int, noise_seed: int | None
) -> Any:
    """Drop activations of a symbolic tensor, if the rate is not 0."""
    if not rate:
        return x
    layer = NoiseDropout(
        rate, seed=seed, noise_seed=noise_seed, dtype=dtype, name=f"{name}_drop"
    )
    return layer(x)
