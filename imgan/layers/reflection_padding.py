"""A border that mirrors the picture, as a layer of its own."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class ReflectionPadding2D(keras.layers.Layer):
    """Adds rows and columns that mirror the picture, without its outermost pixel.

    The layer that CycleGANs in Keras define for themselves. `PaddedConv2D` is the
    border and the convolution in one.

    Args:
        padding: Pixels `((top, bottom), (left, right))`, or one number for all.

    Call arguments:
        images: `(batch, height, width, channels)`; each side is longer than what is
            added to either end of it.

    Returns:
        `(batch, top + height + bottom, left + width + right, channels)`, same dtype.
    """

    def __init__(self, padding: Any = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(padding, int):
            padding = ((padding, padding), (padding, padding))
        (top, bottom), (left, right) = padding
        self.padding = ((int(top), int(bottom)), (int(left), int(right)))
        if min(*self.padding[0], *self.padding[1]) < 0:
            raise ValueError(f"padding must not be negative. Received: {padding}")

    def call(self, images: Any) -> Any:
        """Mirror."""
        return ops.pad(images, ((0, 0), *self.padding, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the symbolic output shape."""
        batch, *sides, channels = input_shape
        for side, added in zip(sides, self.padding, strict=True):
            if side is not None and side <= max(added):
                raise ValueError(
                    f"Sides must be longer than the {max(added)} pixels that are "
                    f"mirrored. Received shape: {tuple(input_shape)}"
                )
        padded = [
            None if side is None else side + sum(added)
            for side, added in zip(sides, self.padding, strict=True)
        ]
        return (batch, *padded, channels)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        pads = [list(added) for added in self.padding]
        return {**super().get_config(), "padding": pads}
