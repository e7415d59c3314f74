"""Sub-pixel rearrangement of channels into space."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class DepthToSpace(keras.layers.Layer):
    """Turns `block_size**2` groups of channels into `block_size` times the pixels.

    The sub-pixel step of [Shi et al., 2016](https://arxiv.org/abs/1609.05158), section
    3.2. Channel `(dy * block_size + dx) * channels + c` becomes pixel `(dy, dx)`,
    TensorFlow's order; PyTorch's pixel shuffle has the colour outermost.

    Args:
        block_size: Ratio of output to input size.

    Call arguments:
        inputs: `(batch, height, width, block_size**2 * channels)`.

    Returns:
        `(batch, block_size * height, block_size * width, channels)`, same dtype.
    """

    def __init__(self, block_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block_size = block_size

    def call(self, inputs: Any) -> Any:
        """Rearrange; see the class."""
        if self.block_size == 1:
            return inputs
        return ops.depth_to_space(inputs, self.block_size, data_format="channels_last")

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the symbolic output shape."""
        batch, height, width, channels = input_shape
        block = self.block_size
        return (
            batch,
            height and height * block,
            width and width * block,
            channels // block**2,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "block_size": self.block_size}
