"""Convolution after a mirrored border, against one written out in NumPy."""

from typing import Any

import keras
import numpy as np
import pytest

from imgan.layers.padded_conv import PaddedConv2D
from imgan.types import Array
from tests.contracts import check_layer


def expected(images: Array, layer: Any, before: int, after: int) -> Array:
    """Mirror or fill, and convolve tap by tap in float64."""
    mode: Any = "reflect" if layer.border == "reflect" else "constant"
    widths = ((0, 0), (before, after), (before, after), (0, 0))
    padded = np.pad(images.astype(np.float64), widths, mode=mode)
    kernel, bias = (np.asarray(weight, np.float64) for weight in layer.weights)
    (size, _), (step, _) = layer.kernel_size, layer.strides
    rows, columns = (side // step for side in images.shape[1:3])
    total = np.zeros((len(images), rows, columns, kernel.shape[-1])) + bias
    for dy, dx in np.ndindex(size, size):
        taps = padded[:, dy : dy + rows * step : step, dx : dx + columns * step : step]
        total += taps[:, :rows, :columns] @ kernel[dy, dx]
    return total


@pytest.mark.parametrize("border", ["reflect", "zeros"])
@pytest.mark.parametrize(
    ("size", "strides", "before", "after"),
    # What padding of size // 2 on both sides uses in PyTorch, sides being even.
    [(1, 1, 0, 0), (3, 1, 1, 1), (7, 1, 3, 3), (3, 2, 1, 0), (4, 2, 1, 1)],
)
def test_equals_taps(
    size: int, strides: int, before: int, after: int, border: Any
) -> None:
    images = np.random.default_rng(4).normal(size=(2, 6, 10, 3)).astype(np.float32)
    layer = PaddedConv2D(4, size, strides, border=border)
    outputs = check_layer(layer, images)
    assert outputs.shape == (2, 6 // strides, 10 // strides, 4)
    assert layer.pads == ((before, after), (before, after))
    np.testing.assert_allclose(
        outputs, expected(images, layer, before, after), rtol=0, atol=1e-5
    )


def test_options_are_those_of_the_convolution() -> None:
    layer = PaddedConv2D(2, 3, use_bias=False, activation="relu")
    outputs = check_layer(
        layer, np.random.default_rng(4).normal(size=(1, 5, 5, 2)).astype(np.float32)
    )
    assert outputs.min() == 0 < outputs.max()
    assert len(layer.weights) == 1


def test_a_flat_picture_stays_flat_to_its_border() -> None:
    """Where "same" of Keras fills with zeros, and so makes a darker frame."""
    flat = np.full((1, 9, 9, 1), 0.5, np.float32)
    mirrored = PaddedConv2D(1, 7, kernel_initializer="ones")
    filled = keras.layers.Conv2D(1, 7, padding="same", kernel_initializer="ones")
    assert float(np.ptp(mirrored(flat))) < 1e-5
    assert float(np.ptp(filled(flat))) > 10


def test_unknown_border_is_refused() -> None:
    with pytest.raises(ValueError, match=r"border must be .*Received: wrap"):
        PaddedConv2D(1, 3, border="wrap")  # type: ignore[arg-type]
