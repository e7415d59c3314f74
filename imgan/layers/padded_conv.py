"""Convolution whose border is the one that PyTorch's image translators have."""

from typing import Any
from typing import Literal

import keras
from keras import ops

Border = Literal["reflect", "zeros"]

_MODES = {"reflect": "reflect", "zeros": "constant"}


@keras.saving.register_keras_serializable(package="imgan")
class PaddedConv2D(keras.layers.Conv2D):
    """Convolution that keeps the size, or divides it, after a mirrored border.

    Output pixel `i` looks at input pixels from `strides * i - (kernel_size - 1) // 2`.
    The padding "same" of Keras starts one pixel later for a 3x3 of two strides.

    Args:
        filters: Channels of the output.
        kernel_size: Side of the kernel.
        strides: Ratio of input to output size.
        border: "reflect": the picture mirrored, without its outermost pixel; needs
            sides of more than `kernel_size // 2` pixels. "zeros": nothing.
        kwargs: Those of `keras.layers.Conv2D`, but for the padding.

    Call arguments:
        inputs: `(batch, height, width, channels)`; sides are multiples of `strides`.

    Returns:
        `(batch, height / strides, width / strides, filters)` in the compute dtype.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        *,
        border: Border = "reflect",
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, kernel_size, strides, padding="valid", **kwargs)
        if border not in _MODES:
            raise ValueError(
                f"border must be one of {', '.join(_MODES)}. Received: {border}"
            )
        self.border = border

    @property
    def pads(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Pixels before and after the rows and the columns."""
        return (self._pads(0), self._pads(1))

    def call(self, inputs: Any) -> Any:
        """Pad and convolve."""
        widths = ((0, 0), *self.pads, (0, 0))
        return super().call(ops.pad(inputs, widths, mode=_MODES[self.border]))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the symbolic output shape."""
        batch, *sides, _ = input_shape
        divided = [
            None if side is None else side // stride
            for side, stride in zip(sides, self.strides, strict=True)
        ]
        return (batch, *divided, self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {**super().get_config(), "border": self.border}
        del config["padding"]
        return config

    def _pads(self, axis: int) -> tuple[int, int]:
        size, stride = self.kernel_size[axis], self.strides[axis]
        before = (size - 1) // 2
        return before, max(size - stride - before, 0)
