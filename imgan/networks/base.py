"""What every network of imgan has in common."""

from collections.abc import Mapping
from typing import Any
from typing import ClassVar
from typing import Literal
from typing import Self

import keras
import numpy as np
from keras import ops

from imgan.layers.merged_conv import MergedConv2D
from imgan.types import Array

InferenceNormalization = Literal["none", "stored", "batch", "instance"]

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)
"""Mean colour of DIV2K in `[0, 1]`, which some networks subtract."""


class Network(keras.Model):
    """A functional `keras.Model` built from keyword arguments that round-trip.

    Subclasses build their graph in the constructor and pass it on together with the
    arguments it was built from. Height and width are dynamic; the layout is
    `(batch, height, width, channels)`.

    Args:
        inputs: Symbolic input of the graph.
        outputs: Symbolic output of the graph.
        arguments: The subclass' constructor arguments, for `get_config`.
        name: Name of the model.
    """

    input_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    output_range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        *,
        arguments: Mapping[str, Any],
        name: str | None = None,
    ) -> None:
        super().__init__(inputs=inputs, outputs=outputs, name=name)
        self._arguments = dict(arguments)

    @property
    def size_multiple(self) -> int:
        """Heights and widths that the network takes are multiples of this."""
        return 1

    @property
    def minimum_size(self) -> int:
        """Shortest height and width that the network takes, besides `size_multiple`."""
        return 1

    @property
    def inference_normalization(self) -> InferenceNormalization:
        """What its normalising layers do at inference.

        "stored": by statistics kept from training, so that a picture's result depends
        on nothing but the picture. "instance": each picture by its own statistics.
        "batch": by those of the pictures that are computed together; no layer of imgan
        does that.
        """
        kinds = {type(layer) for layer in self.layers}
        if any(issubclass(kind, keras.layers.BatchNormalization) for kind in kinds):
            return "stored"
        if any(issubclass(kind, keras.layers.GroupNormalization) for kind in kinds):
            return "instance"
        return "none"

    @property
    def dropout(self) -> float:
        """Fraction of activations that its dropout drops; 0: it has none."""
        return float(self._arguments.get("dropout", 0.0))

    def get_config(self) -> dict[str, Any]:
        """Return exactly the constructor's arguments."""
        return {**self._arguments, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Build the network from what `get_config` returned."""
        return cls(**config)

    def self_check_inputs(self, size: tuple[int, int]) -> Array | list[Array]:
        """Return the fixed inputs of a card's self check.

        Args:
            size: Height and width.

        Returns:
            A diagonal ramp over `input_range`, `(1, height, width, channels)` float32.
        """
        height, width = size
        ramp = np.add.outer(np.linspace(0, 0.5, height), np.linspace(0, 0.5, width))
        low, high = self.input_range
        images = np.repeat(ramp[None, ..., None], self.input_shape[-1], axis=-1)
        return (images * (high - low) + low).astype(np.float32)

    def variant(self, **changes: Any) -> Self:
        """Return the same network with some arguments changed and weights copied.

        The changed network must have the same weights in the same order, as with
        another `dtype`; for the inference form see `fused`.
        """
        twin = type(self)(**{**self.get_config(), **changes})
        twin.set_weights(self.get_weights())
        return twin

    def fused(self) -> Self:
        """Return the inference form: every merged convolution as one plain 3x3.

        Equal to this network up to float32 rounding. A network without merged
        convolutions returns itself.
        """
        if self._arguments.get("fused", True):
            return self
        twin = type(self)(**{**self.get_config(), "fused": True})
        for layer in self.layers:
            if isinstance(layer, MergedConv2D):
                weights = [ops.convert_to_numpy(w) for w in layer.merged_weights()]
            else:
                weights = layer.get_weights()
            twin.get_layer(layer.name).set_weights(weights)
        return twin


def conv(filters: int, name: str, dtype: Any, size: int = 3, **options: Any) -> Any:
    """Return a stride-1 zero-padded convolution layer; He initialisation."""
    options.setdefault("kernel_initializer", "he_normal")
    return keras.layers.Conv2D(
        filters, size, padding="same", dtype=dtype, name=name, **options
    )


def prelu(name: str, dtype: Any) -> Any:
    """Return a leaky rectifier with a slope for each channel, 0.25 to begin with."""
    return keras.layers.PReLU(
        alpha_initializer=keras.initializers.Constant(0.25),
        shared_axes=[1, 2],
        dtype=dtype,
        name=name,
    )


def batch_norm(name: str, dtype: Any, synchronized: bool, **options: Any) -> Any:
    """Return batch normalisation with PyTorch's defaults.

    The released codes have them, and so their checkpoints mean the same here.
    """
    return keras.layers.BatchNormalization(
        momentum=0.9,
        epsilon=1e-5,
        synchronized=synchronized,
        dtype=dtype,
        name=name,
        **options,
    )


def tenth_of_he() -> Any:
    """Return He's initialiser at a tenth of its scale, for deep residual branches."""
    return keras.initializers.VarianceScaling(0.02, mode="fan_in")
