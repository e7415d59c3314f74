"""Convolutions that train as several branches and run as one 3x3."""

from typing import Any

import keras
from keras import ops


class MergedConv2D(keras.layers.Layer):
    """3x3 convolution whose kernel is assembled from trained branches.

    Convolutions are linear, so parallel and chained ones without an activation between
    them equal one kernel. The kernel is assembled in every call: a step then costs what
    the plain convolution costs, while the optimizer still moves the branches.
    Subclasses create the branches and assemble them in `merged_weights`.

    The branches stay float32 under mixed precision and only the assembled kernel is
    cast: sums such as `1 + w` on the identity would lose `w` in bfloat16.

    Args:
        filters: Channels of the output.

    Call arguments:
        inputs: `(batch, height, width, channels)`; zero padding, stride 1.

    Returns:
        `(batch, height, width, filters)` in the compute dtype.
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters

    def merged_weights(self) -> tuple[Any, Any]:
        """Return the equal plain kernel `(3, 3, channels, filters)` and its bias."""
        raise TypeError(f"{type(self).__name__} does not define merged_weights()")

    def call(self, inputs: Any) -> Any:
        """Convolve with the assembled kernel."""
        kernel, bias = self.merged_weights()
        outputs = ops.conv(
            inputs,
            ops.cast(kernel, self.compute_dtype),
            padding="same",
            data_format="channels_last",
        )
        return outputs + ops.cast(bias, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the symbolic output shape."""
        return (*input_shape[:-1], self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "filters": self.filters}

    def add_kernel(self, name: str, shape: tuple[int, ...], scale: float = 1.0) -> Any:
        """Create a float32 kernel with `scale` times He's variance."""
        initializer = keras.initializers.VarianceScaling(
            2.0 * scale, mode="fan_in", distribution="truncated_normal"
        )
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, autocast=False
        )

    def add_bias(self, name: str, size: int) -> Any:
        """Create a float32 bias of zeros."""
        return self.add_weight(
            name=name, shape=(size,), initializer="zeros", autocast=False
        )


def centred(kernel: Any) -> Any:
    """Pad a 1x1 kernel `(1, 1, channels, filters)` to the equal 3x3 kernel."""
    return ops.pad(kernel, ((1, 1), (1, 1), (0, 0), (0, 0)))
