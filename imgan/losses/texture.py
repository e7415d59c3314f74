"""A loss on how much texture there is, wherever it lies."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class TextureLoss(keras.losses.Loss):
    """Absolute difference of the mean length of gradients, square by square.

    What blur has taken cannot be put back pixel by pixel, but a place that had leaves
    has leaves again. The gradient maps are those of the gradient loss of
    [Ma et al., 2020](https://arxiv.org/abs/2003.13081), section 3.2, of the mean of all
    channels; they are averaged over squares before they are compared, which leaves open
    what the texture is. A discriminator or a pixel loss must choose that: by itself
    this loss is pleased by any pattern. Gradients are differences of neighbouring means
    of 2x2 pixels, so that the cheapest pattern, a chessboard of pixels, has none.

    Both arguments are `(batch, height, width, channels)`; computed in float32.

    Args:
        window: Side of the squares in pixels; the last ones hold what there is.
        margin: Pixels at borders that do not count, where a network may see that other
            losses do not look; at most a quarter of each side.
    """

    def __init__(
        self, window: int = 32, margin: int = 8, name: str = "texture", **kwargs: Any
    ) -> None:
        if window < 1 or margin < 0:
            raise ValueError(
                "`window` must be at least 1 and `margin` at least 0. "
                f"Received: {window} and {margin}"
            )
        super().__init__(name=name, dtype="float32", **kwargs)
        self.window, self.margin = window, margin

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean over squares of each image, `(batch,)`."""
        difference = self._lengths(y_pred) - self._lengths(y_true)
        means = ops.average_pool(
            difference, self.window, self.window, "same", "channels_last"
        )
        return ops.mean(ops.abs(means), axis=(1, 2, 3))

    def _lengths(self, images: Any) -> Any:
        _, height, width, _ = ops.shape(images)
        top, left = (ops.minimum(self.margin, side // 4) for side in (height, width))
        grey = ops.mean(images, axis=3, keepdims=True)
        grey = grey[:, top : height - top, left : width - left]
        grey = ops.average_pool(grey, 2, 1, "valid", "channels_last")
        here = grey[:, :-1, :-1]
        down, right = grey[:, 1:, :-1] - here, grey[:, :-1, 1:] - here
        # The root has no slope at 0.
        squares = ops.square(down) + ops.square(right)
        return ops.sqrt(squares + keras.config.epsilon())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "window": self.window,
            "margin": self.margin,
        }
