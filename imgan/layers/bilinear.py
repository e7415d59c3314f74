"""Bilinear enlargement as a layer that any backend can trace with dynamic sizes."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class BilinearPhases(keras.layers.Layer):
    """The pixels of a bilinear enlargement, still as channels.

    Followed by `DepthToSpace(scale)` it equals `UpSampling2D(scale,
    interpolation="bilinear")`: half-pixel centres, edges repeated, no antialiasing.
    That layer of Keras cannot be traced by TensorFlow while height and width are
    unknown.

    Args:
        scale: Ratio of output to input size.

    Call arguments:
        images: `(batch, height, width, channels)`.

    Returns:
        `(batch, height, width, scale**2 * channels)`, same dtype.
    """

    reach = 1

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, images: Any) -> Any:
        """Interpolate along the columns, then along the rows."""
        padding = ((0, 0), (1, 1), (1, 1), (0, 0))
        # Symmetric by one pixel repeats the edge, also of a picture of one pixel.
        x = ops.pad(images, padding, mode="symmetric")
        x = self._mix(x[:, :, :-2], x[:, :, 1:-1], x[:, :, 2:])
        return self._mix(x[:, :-2], x[:, 1:-1], x[:, 2:])

    def _mix(self, before: Any, here: Any, after: Any) -> Any:
        phases = []
        for phase in range(self.scale):
            # Centre of the new pixel, in pixels from the centre of the old one.
            offset = (phase + 0.5) / self.scale - 0.5
            other = before if offset < 0 else after
            phases.append(here + abs(offset) * (other - here))
        return ops.concatenate(phases, axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the symbolic output shape."""
        return (*input_shape[:-1], self.scale**2 * input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "scale": self.scale}
