"""A loss on colours that looks at every pixel and leaves brightness alone."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class ChromaLoss(keras.losses.Loss):
    """Absolute difference of how far channels are from their mean, pixel by pixel.

    What a discriminator and losses on texture ask for can be made in brightness or in
    colour, and coloured fringes cost them little. Photographs have their detail in
    brightness: JPEG stores colour at half the resolution
    ([Wallace, 1991](https://doi.org/10.1145/103085.103089), section 5). So this loss
    pins colours down where there is no truth to be had for brightness. Images that
    differ by the same amount in all channels of a pixel cost nothing.

    Both arguments are `(batch, height, width, channels)`; with one channel there is
    no colour, and the loss is 0. Computed in float32.
    """

    def __init__(self, name: str = "chroma", **kwargs: Any) -> None:
        super().__init__(name=name, dtype="float32", **kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean over pixels and channels of each image, `(batch,)`."""
        # The mean is linear: one of the difference instead of two.
        difference = y_pred - y_true
        difference = difference - ops.mean(difference, axis=-1, keepdims=True)
        return ops.mean(ops.abs(difference), axis=(1, 2, 3))
