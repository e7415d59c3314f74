"""Halving of a picture by averages of 3x3 pixels."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class ValidAverage(keras.layers.Layer):
    """Averages of 3x3 pixels at every second one, from the first pixel on.

    Beyond the border is nothing: there averages are over fewer pixels, so a grey
    picture stays one. `keras.layers.AveragePooling2D` with `padding="same"` begins at
    the second pixel where sides are even.

    Call arguments:
        images: `(batch, height, width, channels)`.

    Returns:
        `(batch, ceil(height / 2), ceil(width / 2), channels)`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def call(self, images: Any) -> Any:
        """Sum over 3x3 pixels, divided by how many there are."""
        # One row and column of nothing on each side.
        border = [[0, 0], [1, 1], [1, 1], [0, 0]]
        pixels = ops.ones_like(images[:1, :, :, :1])
        totals, counts = (
            ops.average_pool(ops.pad(values, border), 3, strides=2, padding="valid")
            for values in (images, pixels)
        )
        return totals / counts

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return half the sides, rounded up."""
        batch, *sides, channels = input_shape
        halves = [None if side is None else (side + 1) // 2 for side in sides]
        return (batch, *halves, channels)
