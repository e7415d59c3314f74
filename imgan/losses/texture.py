"""A loss on how much texture there is, wherever it lies."""

from typing import Any

import keras
import numpy as np
from keras import ops

# Blocks of the cosine transform, as large as those of JPEG.
_SIDE = 8
# What counts as none of a frequency: about a level of 255, as coefficients go.
_FLOOR = 0.004
_EXCESS_WEIGHT = 0.5


@keras.saving.register_keras_serializable(package="imgan")
class TextureLoss(keras.losses.Loss):
    """Absolute difference of the mean length of gradients, and frequencies in excess.

    What blur has taken cannot be put back pixel by pixel, but a place that had leaves
    has leaves again. The gradient maps are those of the gradient loss of
    [Ma et al., 2020](https://arxiv.org/abs/2003.13081), section 3.2, of the mean of all
    channels; they are averaged over squares before they are compared, which leaves open
    what the texture is.

    A chessboard or a weave of thin lines would be the cheapest: its gradients are the
    longest for what a pixel loss charges. So no frequency may be stronger than in the
    truth. For every coefficient of an 8x8 cosine transform but the four coarsest, with
    its mean size in a square, `(made - true)^2 / true` is added where more is made than
    there is; halved, and summed over coefficients.

    Both arguments are `(batch, height, width, channels)` with sides of at least 8
    between the margins; computed in float32.

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
        true, pred = self._inner(y_true), self._inner(y_pred)
        lengths = _squares(_gradients(pred) - _gradients(true), self.window)
        step = _SIDE // 2
        side = max(1, self.window // step)
        here = _squares(_coefficients(true, step), side) + _FLOOR
        made = _squares(_coefficients(pred, step), side)
        excess = ops.square(ops.maximum(made - here, 0.0)) / here
        return ops.mean(ops.abs(lengths), axis=(1, 2, 3)) + _EXCESS_WEIGHT * ops.mean(
            ops.sum(excess, axis=3), axis=(1, 2)
        )

    def _inner(self, images: Any) -> Any:
        """Return the mean of all channels without the margins."""
        _, height, width, _ = ops.shape(images)
        top, left = (ops.minimum(self.margin, side // 4) for side in (height, width))
        grey = ops.mean(images, axis=3, keepdims=True)
        return grey[:, top : height - top, left : width - left]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "window": self.window,
            "margin": self.margin,
        }


def _gradients(grey: Any) -> Any:
    """Return the lengths of differences of neighbours."""
    here = grey[:, 1:-1, 1:-1]
    down, right = grey[:, 2:, 1:-1] - here, grey[:, 1:-1, 2:] - here
    # The root has no slope at 0.
    return ops.sqrt(ops.square(down) + ops.square(right) + keras.config.epsilon())


def _coefficients(grey: Any, step: int) -> Any:
    """Return the sizes of coefficients of blocks, one every few pixels."""
    return ops.abs(ops.conv(grey, _FILTERS, step, data_format="channels_last"))


def _squares(maps: Any, side: int) -> Any:
    """Return means over squares."""
    return ops.average_pool(maps, side, side, "same", "channels_last")


def _filters() -> Any:
    """Return the kernels of the cosine transform, `(8, 8, 1, 60)`, of length 1."""
    waves = np.arange(_SIDE)[:, None]
    rows = np.cos(np.pi * waves * (2 * np.arange(_SIDE) + 1) / (2 * _SIDE))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    kernels = np.einsum("vy,hx->yxvh", rows, rows)
    fine = np.maximum(waves, waves.T) > 1
    return kernels[:, :, None, fine].astype(np.float32)


_FILTERS = _filters()
