"""A loss where texture looks invented."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class ArtifactLoss(keras.losses.Loss):
    """L1 where the residual looks like an artefact and a steadier model does better.

    Locally discriminative learning, section 3 of
    [Liang et al., 2022](https://arxiv.org/abs/2203.09195), with the details of its
    code. The residual of an image is `|target - output|` summed over channels. The map
    of artefacts is

    * the fifth root of the residual's variance over the image, which is small for an
      output that is near its target everywhere,
    * times the residual's unbiased variance in a window about each pixel, borders
      reflected,
    * and 0 wherever the residual is smaller than that of the steadier output.

    The loss is the mean over pixels and channels of the map times
    `|output - target|`. Its gradient reaches the output only, and never through the
    map; computed in float32.

    Args:
        window: Side of the window, odd pixels.
    """

    def __init__(self, window: int = 7, name: str = "artifacts", **kwargs: Any) -> None:
        if window < 3 or window % 2 == 0:
            raise ValueError(
                f"`window` must be an odd number from 3. Received: {window}"
            )
        super().__init__(name=name, dtype="float32", **kwargs)
        self.window = window

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the weighted mean of each image, `(batch,)`.

        Args:
            y_true: `(batch, height, width, channels)`, sides above half the window.
            y_pred: The output and that of a steadier model, the moving average of the
                one that is trained; both like `y_true`.
        """
        output, steady = y_pred
        weight = ops.stop_gradient(self.artifact_map(y_true, output, steady))
        return ops.mean(weight * ops.abs(output - y_true), axis=(1, 2, 3))

    def artifact_map(self, target: Any, output: Any, steady: Any) -> Any:
        """Return how much each pixel looks like an artefact, `(batch, h, w, 1)`."""
        residual = ops.sum(ops.abs(target - output), axis=3, keepdims=True)
        steadier = ops.sum(ops.abs(target - steady), axis=3, keepdims=True)
        count = ops.cast(ops.prod(ops.shape(residual)[1:]), "float32")
        overall = ops.var(residual, axis=(1, 2, 3), keepdims=True)
        overall = overall * count / ops.maximum(count - 1.0, 1.0)
        weight = ops.power(overall, 0.2) * self._local_variance(residual)
        return ops.where(residual < steadier, 0.0, weight)

    def _local_variance(self, residual: Any) -> Any:
        reach, count = self.window // 2, self.window**2
        # About the mean of the image, or squares of large means would cancel badly.
        centred = residual - ops.mean(residual, axis=(1, 2, 3), keepdims=True)
        sides = [[0, 0], [reach, reach], [reach, reach], [0, 0]]
        padded = ops.pad(centred, sides, mode="reflect")
        mean = ops.average_pool(padded, self.window, strides=1, padding="valid")
        squares = ops.average_pool(
            ops.square(padded), self.window, strides=1, padding="valid"
        )
        variance = ops.maximum(squares - ops.square(mean), 0.0)
        return variance * (count / (count - 1))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "window": self.window}
