"""A pixel loss that wants local contrast as much as likeness."""

from typing import Any

import keras
import numpy as np
from keras import ops

from imgan.types import ValueRange

_SIGMA = 1.5
_C1, _C2 = 0.01**2, 0.03**2


@keras.saving.register_keras_serializable(package="imgan")
class SSIMLoss(keras.losses.Loss):
    """Structural similarity mixed with an L1, `alpha (1 - SSIM) + (1 - alpha) L1`.

    Section III of [Zhao et al., 2017](https://arxiv.org/abs/1511.08861), with one scale
    in the place of five and an unweighted L1. What a network cannot know it must blur
    to please an L1 or L2; the similarity of
    [Wang et al., 2004](https://doi.org/10.1109/TIP.2003.819861) also compares local
    contrasts, so fur or leaves keep theirs.

    Both arguments are `(batch, height, width, channels)` with sides of at least the
    window; channels are compared one by one. Computed in float32.

    Args:
        alpha: Share of the similarity, 0 to 1.
        window: Side of the Gaussian window in pixels, odd. Its standard deviation is
            1.5 pixels; windows lie wholly inside.
        value_range: Of the images, which are mapped to `[0, 1]` first.
    """

    def __init__(
        self,
        alpha: float = 0.84,
        window: int = 11,
        value_range: ValueRange = (0.0, 1.0),
        name: str = "ssim",
        **kwargs: Any,
    ) -> None:
        if not 0 <= alpha <= 1:
            raise ValueError(f"`alpha` must be 0 to 1. Received: {alpha}")
        if window < 3 or window % 2 == 0:
            raise ValueError(
                f"`window` must be an odd number from 3. Received: {window}"
            )
        super().__init__(name=name, dtype="float32", **kwargs)
        self.alpha, self.window = alpha, window
        self.value_range = (float(value_range[0]), float(value_range[1]))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each image, `(batch,)`."""
        low, high = self.value_range
        y_true, y_pred = ((y - low) / (high - low) for y in (y_true, y_pred))
        distance = ops.mean(ops.abs(y_true - y_pred), axis=(1, 2, 3))
        similarity = ops.mean(self.similarity_map(y_true, y_pred), axis=(1, 2, 3))
        return self.alpha * (1.0 - similarity) + (1.0 - self.alpha) * distance

    def similarity_map(self, y_true: Any, y_pred: Any) -> Any:
        """Return SSIM of images in `[0, 1]` where the window lies inside."""
        moments = ops.concatenate(
            [y_true, y_pred, y_true * y_true, y_pred * y_pred, y_true * y_pred], axis=3
        )
        true, pred, true2, pred2, both = ops.split(self._local_mean(moments), 5, axis=3)
        product, squares = true * pred, true * true + pred * pred
        luminance = (2.0 * product + _C1) / (squares + _C1)
        # Variances sum to less than nothing where rounding errors are all there is.
        variances = ops.maximum(true2 + pred2 - squares, 0.0)
        return luminance * (2.0 * (both - product) + _C2) / (variances + _C2)

    def _local_mean(self, maps: Any) -> Any:
        offsets = np.arange(self.window) - self.window // 2
        taps = np.exp(-(offsets**2) / (2 * _SIGMA**2)).astype(np.float32)
        taps /= taps.sum()
        count, height, width, channels = ops.shape(maps)
        rows, columns = height - self.window + 1, width - self.window + 1
        # One channel at a time: a depthwise convolution is slower on CPUs.
        maps = ops.transpose(maps, (0, 3, 1, 2))
        maps = ops.reshape(maps, (count * channels, height, width, 1))
        maps = ops.conv(maps, taps.reshape(-1, 1, 1, 1), data_format="channels_last")
        maps = ops.conv(maps, taps.reshape(1, -1, 1, 1), data_format="channels_last")
        maps = ops.reshape(maps, (count, channels, rows, columns))
        return ops.transpose(maps, (0, 2, 3, 1))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "window": self.window,
            "value_range": self.value_range,
        }
