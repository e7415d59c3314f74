"""The graph of PatchGAN, of any receptive field."""

from dataclasses import dataclass
from typing import Any

import keras

from imgan.layers.spectral_norm import SpectralConv2D
from imgan.networks.pyramid import normal
from imgan.networks.translation import Normalization
from imgan.networks.translation import check_normalization
from imgan.networks.translation import normalize

HALVINGS = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}
"""Convolutions with a stride of two by the receptive field that they lead to, pixels.
With a receptive field of 1 all convolutions are 1x1."""


@dataclass(frozen=True)
class PatchShape:
    """Sizes of one PatchGAN.

    Args:
        receptive_field: Side of the square of pixels that one logit sees.
        num_filters: Channels of the first convolution, doubled with every other.
        max_filters: Most channels of any layer; None: eight times `num_filters`.
        normalization: "batch", "instance", "instance_affine" or "none", not after the
            first convolution.
        spectral: Divide every kernel by its largest singular value.
        synchronized: Share the statistics of batch normalisation among replicas.
        dtype: Keras dtype policy of the hidden layers; None: the global one.

    Raises:
        ValueError: If there is no such receptive field or normalisation.
    """

    receptive_field: int
    num_filters: int
    max_filters: int | None
    normalization: Normalization
    spectral: bool
    synchronized: bool
    dtype: str | None

    def __post_init__(self) -> None:
        if self.receptive_field not in HALVINGS:
            raise ValueError(
                f"receptive_field must be one of {', '.join(map(str, HALVINGS))}. "
                f"Received: {self.receptive_field}"
            )
        check_normalization(self.normalization)

    @property
    def minimum_size(self) -> int:
        """Smallest height and width for which there is a logit."""
        halvings = HALVINGS[self.receptive_field]
        # Two convolutions without a stride take one pixel each.
        return int(3 * 2**halvings) if halvings else 1

    @property
    def strides(self) -> list[int]:
        """Of the convolutions before the one that makes logits."""
        halvings = HALVINGS[self.receptive_field]
        return [2] * halvings + [1] if halvings else [1, 1]

    def width(self, index: int) -> int:
        """Return the channels of a convolution."""
        most = self.max_filters or 8 * self.num_filters
        return min(self.num_filters * 2**index, most)


def judge(x: Any, shape: PatchShape, prefix: str, features: dict[str, Any]) -> Any:
    """Return one logit for each patch.

    Args:
        x: Symbolic pictures, `(batch, height, width, channels)`.
        shape: Of the graph.
        prefix: Of the layers' names.
        features: Takes in the output of each LeakyReLU by its name.

    Returns:
        Symbolic logits, `(batch, rows, columns, 1)` float32.
    """
    dtype = shape.dtype
    for index, strides in enumerate(shape.strides):
        normalized = index > 0 and shape.normalization != "none"
        x = _convolve(
            x,
            shape,
            shape.width(index),
            strides=strides,
            use_bias=not normalized,
            dtype=dtype,
            name=f"{prefix}conv_{index}",
        )
        if normalized:
            x = normalize(
                x,
                shape.normalization,
                f"{prefix}norm_{index}",
                dtype,
                shape.synchronized,
            )
        name = f"{prefix}step_{index}"
        x = keras.layers.LeakyReLU(0.2, dtype=dtype, name=name)(x)
        features[name] = x
    return _convolve(x, shape, 1, dtype="float32", name=f"{prefix}logits")


def _convolve(x: Any, shape: PatchShape, width: int, name: str, **options: Any) -> Any:
    size = 1 if shape.receptive_field == 1 else 4
    if size > 1:
        # "same" would pad one side more than the other where the stride is one.
        padding = keras.layers.ZeroPadding2D(
            1, dtype=options["dtype"], name=f"{name}_padding"
        )
        x = padding(x)
    layer = SpectralConv2D if shape.spectral else keras.layers.Conv2D
    convolution = layer(width, size, kernel_initializer=normal(), name=name, **options)
    return convolution(x)
