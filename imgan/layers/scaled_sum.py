"""The sum of a skip connection and a scaled branch."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="imgan")
class ScaledSum(keras.layers.Layer):
    """`skip + scale * branch`, the residual scaling of deep networks without norms.

    Section 3.3 of [Lim et al., 2017](https://arxiv.org/abs/1707.02921).

    Args:
        scale: What the branch is multiplied with.

    Call arguments:
        inputs: `[skip, branch]` of one shape.

    Returns:
        The same shape.
    """

    reach = 0

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        """Add the scaled branch."""
        skip, branch = inputs
        return skip + self.scale * branch

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of either input."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "scale": self.scale}
