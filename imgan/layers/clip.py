"""Values kept within bounds."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class Clip(keras.layers.Layer):
    """Replaces what is below or above two bounds by the bound.

    Args:
        low: Lower bound.
        high: Upper bound.

    Call arguments:
        inputs: Any shape.

    Returns:
        The same shape and dtype.
    """

    reach = 0

    def __init__(self, low: float = 0.0, high: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not low < high:
            raise ValueError(f"low must be below high. Received: {low}, {high}")
        self.low, self.high = float(low), float(high)

    def call(self, inputs: Any) -> Any:
        """Clip."""
        return ops.clip(inputs, self.low, self.high)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the same shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "low": self.low, "high": self.high}
