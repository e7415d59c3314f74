"""A loss on colours that leaves texture alone."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class ColorLoss(keras.losses.Loss):
    """Squared difference of images that have lost all detail.

    The colour loss of [Ignatov et al., 2017](https://arxiv.org/abs/1704.02470), section
    3.1.1, with means over squares in the place of their Gaussian blur. A discriminator
    hardly sees a faint tint, and a pixel loss weighs it against texture; here it is all
    that counts. Both arguments are `(batch, height, width, channels)`; computed in
    float32.

    Args:
        window: Side of the squares in pixels; those at borders hold what there is.
    """

    def __init__(self, window: int = 32, name: str = "color", **kwargs: Any) -> None:
        if window < 1:
            raise ValueError(f"`window` must be at least 1. Received: {window}")
        super().__init__(name=name, dtype="float32", **kwargs)
        self.window = window

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean over squares and channels of each image, `(batch,)`."""
        # The mean is linear: one of the difference instead of two. Padding is not
        # counted in a mean.
        difference = y_pred - y_true
        means = ops.average_pool(
            difference, self.window, self.window, "same", "channels_last"
        )
        return ops.mean(ops.square(means), axis=(1, 2, 3))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "window": self.window}
