"""Losses that compare images pixel by pixel."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class PixelL1Loss(keras.losses.Loss):
    """Mean absolute difference.

    Averages over all values, so its size does not depend on the patch. Both arguments
    are `(batch, height, width, channels)`; computed in float32.
    """

    def __init__(self, name: str = "pixel_l1", **kwargs: Any) -> None:
        super().__init__(name=name, dtype="float32", **kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean of each image, `(batch,)`."""
        return ops.mean(ops.abs(y_true - y_pred), axis=(1, 2, 3))


@keras.saving.register_keras_serializable(package="imgan")
class PixelL2Loss(keras.losses.Loss):
    """Mean squared difference, what PSNR measures.

    Averages over all values, so its size does not depend on the patch. Both arguments
    are `(batch, height, width, channels)`; computed in float32.
    """

    def __init__(self, name: str = "pixel_l2", **kwargs: Any) -> None:
        super().__init__(name=name, dtype="float32", **kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean of each image, `(batch,)`."""
        return ops.mean(ops.square(y_true - y_pred), axis=(1, 2, 3))


@keras.saving.register_keras_serializable(package="imgan")
class CharbonnierLoss(keras.losses.Loss):
    """`sqrt(difference**2 + epsilon**2)`, an L1 that is smooth at zero.

    Equation 5 of [Lai et al., 2017](https://arxiv.org/abs/1704.03915). Both arguments
    are `(batch, height, width, channels)`; computed in float32.

    Args:
        epsilon: Width of the smooth part, in units of the value range.
    """

    def __init__(
        self, epsilon: float = 1e-3, name: str = "charbonnier", **kwargs: Any
    ) -> None:
        super().__init__(name=name, dtype="float32", **kwargs)
        self.epsilon = epsilon

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean of each image, `(batch,)`."""
        squared = ops.square(y_true - y_pred) + self.epsilon**2
        return ops.mean(ops.sqrt(squared), axis=(1, 2, 3))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "epsilon": self.epsilon}


PIXEL_LOSSES: dict[str, type[keras.losses.Loss]] = {
    "l1": PixelL1Loss,
    "l2": PixelL2Loss,
    "charbonnier": CharbonnierLoss,
}
"""By their names in recipes."""
