"""Rearrangement of space into channels, before a network at a coarser grid."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class SpaceToDepth(keras.layers.Layer):
    """Turns each square of `block_size**2` pixels into one with all their channels.

    The inverse of `DepthToSpace`: pixel `(dy, dx)` of a square becomes channels
    `(dy * block_size + dx) * channels + c`, TensorFlow's order; PyTorch's pixel
    unshuffle has the colour outermost.

    Args:
        block_size: Ratio of input to output size.

    Call arguments:
        inputs: `(batch, height, width, channels)`, sides in multiples of `block_size`.

    Returns:
        `(batch, height / block_size, width / block_size, block_size**2 * channels)`,
        same dtype.
    """

    def __init__(self, block_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block_size = block_size

    @property
    def reach(self) -> int:
        """Input pixels from one corner of a square to the other."""
        return self.block_size - 1

    def call(self, inputs: Any) -> Any:
        """Rearrange; see the class."""
        self._check(inputs.shape)
        if self.block_size == 1:
            return inputs
        return ops.space_to_depth(inputs, self.block_size, data_format="channels_last")

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the symbolic output shape."""
        self._check(input_shape)
        batch, height, width, channels = input_shape
        block = self.block_size
        return (
            batch,
            height and height // block,
            width and width // block,
            channels * block**2,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "block_size": self.block_size}

    def _check(self, shape: Any) -> None:
        sides = [side for side in shape[1:3] if side is not None]
        if any(side % self.block_size for side in sides):
            raise ValueError(
                f"Height and width must be multiples of {self.block_size}. Received "
                f"shape: {tuple(shape)}. Pad the pictures, as the predictor does."
            )
