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

    With a `period`, the means are of every `period`-th pixel in both directions, for
    each of the `period**2` places that these can begin at. So it also costs when these
    places differ: depth-to-space makes each with weights of its own, and what teaches
    texture leaves a pattern of dots there
    ([Odena et al., 2016](https://distill.pub/2016/deconv-checkerboard)).

    Args:
        window: Side of the squares in pixels; those at borders hold what there is.
        period: Side of a cell of depth-to-space, the scale of an enlarging network; a
            divisor of the window and of the images' sides. 1: means of all pixels.
    """

    def __init__(
        self, window: int = 32, period: int = 1, name: str = "color", **kwargs: Any
    ) -> None:
        if period < 1 or window < 1 or window % period:
            raise ValueError(
                "`window` must be a multiple of `period`, both at least 1. "
                f"Received: {window} and {period}"
            )
        super().__init__(name=name, dtype="float32", **kwargs)
        self.window, self.period = window, period

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean over squares and channels of each image, `(batch,)`."""
        # The mean is linear: one of the difference instead of two. Padding is not
        # counted in a mean.
        difference = y_pred - y_true
        if self.period > 1:
            difference = ops.space_to_depth(difference, self.period, "channels_last")
        window = self.window // self.period
        means = ops.average_pool(difference, window, window, "same", "channels_last")
        return ops.mean(ops.square(means), axis=(1, 2, 3))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "window": self.window, "period": self.period}
