"""How PyTorch names and lays out the tensors of one layer, and what they are in Keras.

A part answers two questions about a layer of one of imgan's networks: which tensors of
which shapes the checkpoint must hold for it, and what the layer's weights are, given
these. Both need the shapes of the layer's own weights, because the checkpoint is
checked against the network and not the other way round.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from imgan.types import Array

Shape = tuple[int, ...]
Tensors = Mapping[str, Array]


class Part(Protocol):
    """The tensors of one layer."""

    def shapes(self, own: Sequence[Shape]) -> dict[str, Shape]:
        """Return the tensors that the checkpoint must hold, with their shapes.

        Args:
            own: Shapes of the layer's weights, in Keras' order.
        """

    def weights(self, tensors: Tensors, own: Sequence[Shape]) -> list[Array]:
        """Return the layer's weights in Keras' order, from tensors of those shapes."""


@dataclass(frozen=True)
class Conv:
    """`Conv2d`: `(out, in, height, width)` to `(height, width, in, out)`.

    Attributes:
        name: In the checkpoint, without `.weight`.
        bias: Whether the checkpoint has one. A layer of ours that has one nevertheless
            gets zeros; one that has none leaves the checkpoint's away, which is for
            convolutions before an instance normalisation, that takes it away again.
        shuffle: Factor of a pixel shuffle that follows: PyTorch has the colour
            outermost in its channels, TensorFlow the place within the square.
        unshuffle: Factor of a pixel unshuffle that comes before, likewise.
        gain: What the result is multiplied with.
        offset: What is added to it then; the layer must have a bias.
    """

    name: str
    bias: bool = True
    shuffle: int = 1
    unshuffle: int = 1
    gain: float = 1.0
    offset: float = 0.0

    def shapes(self, own: Sequence[Shape]) -> dict[str, Shape]:
        """Return the shapes of weight and bias."""
        return _shapes(self.name, own[0], own[0][3], self.bias)

    def weights(self, tensors: Tensors, own: Sequence[Shape]) -> list[Array]:
        """Return the kernel, and the bias if the layer has one."""
        kernel = tensors[f"{self.name}.weight"].transpose(2, 3, 1, 0)
        kernel = _places_first(
            _places_first(kernel, self.shuffle, 3), self.unshuffle, 2
        )
        kernel = kernel * np.float32(self.gain)
        if len(own) == 1:
            return [kernel]
        bias = np.zeros(own[1], np.float32)
        if self.bias:
            bias = _places_first(tensors[f"{self.name}.bias"], self.shuffle, 0)
        return [kernel, bias * np.float32(self.gain) + np.float32(self.offset)]


@dataclass(frozen=True)
class TransposedConv:
    """`ConvTranspose2d`: `(in, out, height, width)` to `(height, width, out, in)`.

    Attributes:
        name: In the checkpoint, without `.weight`.
        bias: Whether the checkpoint has one, as in `Conv`.
        skip: Channels that come first in the checkpoint's input and last in ours.
    """

    name: str
    bias: bool = True
    skip: int = 0

    def shapes(self, own: Sequence[Shape]) -> dict[str, Shape]:
        """Return the shapes of weight and bias."""
        return _shapes(self.name, own[0], own[0][2], self.bias)

    def weights(self, tensors: Tensors, own: Sequence[Shape]) -> list[Array]:
        """Return the kernel, and the bias if the layer has one."""
        kernel = tensors[f"{self.name}.weight"].transpose(2, 3, 1, 0)
        kernel = np.roll(kernel, -self.skip, axis=3)
        if len(own) == 1:
            return [kernel]
        if not self.bias:
            return [kernel, np.zeros(own[1], np.float32)]
        return [kernel, tensors[f"{self.name}.bias"]]


@dataclass(frozen=True)
class BatchNorm:
    """`BatchNorm2d`: scale, offset, and the statistics kept from training.

    Attributes:
        name: In the checkpoint, without `.weight`.
        biased: Name of the convolution before it, if that one has a bias there and none
            in ours. It moves the mean, which takes it away again.
    """

    name: str
    biased: str = ""

    def shapes(self, own: Sequence[Shape]) -> dict[str, Shape]:
        """Return the shapes of the four tensors, and of the bias."""
        found = dict(zip(self._keys(), own, strict=True))
        if self.biased:
            found[f"{self.biased}.bias"] = own[0]
        return found

    def weights(self, tensors: Tensors, own: Sequence[Shape]) -> list[Array]:
        """Return gamma, beta, mean and variance."""
        gamma, beta, mean, variance = (tensors[key] for key in self._keys())
        if self.biased:
            mean = mean - tensors[f"{self.biased}.bias"]
        return [gamma, beta, mean, variance]

    def _keys(self) -> list[str]:
        kinds = ("weight", "bias", "running_mean", "running_var")
        return [f"{self.name}.{kind}" for kind in kinds]


@dataclass(frozen=True)
class Slopes:
    """`PReLU`: one slope for each channel, or one for all, to `(1, 1, channels)`.

    Attributes:
        name: In the checkpoint, without `.weight`.
        shared: Whether there is one slope for all channels.
    """

    name: str
    shared: bool = False

    def shapes(self, own: Sequence[Shape]) -> dict[str, Shape]:
        """Return the shape of the slopes."""
        return {f"{self.name}.weight": (1,) if self.shared else (own[0][-1],)}

    def weights(self, tensors: Tensors, own: Sequence[Shape]) -> list[Array]:
        """Return the slopes."""
        slopes = tensors[f"{self.name}.weight"]
        return [np.broadcast_to(slopes, own[0]).copy()]


def _shapes(name: str, kernel: Shape, filters: int, bias: bool) -> dict[str, Shape]:
    """Return the shapes of weight and bias: Keras' axes, the last two of them first."""
    height, width, third, fourth = kernel
    found: dict[str, Shape] = {f"{name}.weight": (fourth, third, height, width)}
    if bias:
        found[f"{name}.bias"] = (filters,)
    return found


def _places_first(array: Array, factor: int, axis: int) -> Array:
    """Reorder an axis of channels from (colour, place) to (place, colour)."""
    if factor == 1:
        return array
    shape = array.shape
    split = (*shape[:axis], -1, factor**2, *shape[axis + 1 :])
    return array.reshape(split).swapaxes(axis, axis + 1).reshape(shape)
