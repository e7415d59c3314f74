"""The exact halo of a network, read off its graph."""

import math
from fractions import Fraction
from typing import Any

import keras
import numpy as np
from keras import layers

from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.merged_conv import MergedConv2D
from imgan.layers.noise_dropout import NoiseDropout
from imgan.layers.padded_conv import PaddedConv2D
from imgan.layers.reflection_padding import ReflectionPadding2D
from imgan.layers.space_to_depth import SpaceToDepth
from imgan.layers.valid_average import ValidAverage
from imgan.networks.stepwise import nodes_of
from imgan.types import Array

# Layers whose output pixel depends on the input pixel at the same place only.
POINTWISE = (
    layers.InputLayer,
    layers.ReLU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.Activation,
    layers.Dense,
    layers.ELU,
    layers.Softmax,
    layers.Add,
    layers.Subtract,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
    layers.Concatenate,
    layers.Rescaling,
    layers.Dropout,
    layers.SpatialDropout2D,
    layers.GaussianNoise,
    layers.GaussianDropout,
    layers.BatchNormalization,
    DepthToSpace,
)

# Layers that mix the whole picture.
GLOBAL = (
    layers.GroupNormalization,
    layers.LayerNormalization,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling2D,
    layers.Flatten,
)

# Layers that look at a window of pixels at every multiple of their strides.
STRIDED = (
    layers.Conv2D,
    layers.DepthwiseConv2D,
    layers.SeparableConv2D,
    layers.MaxPooling2D,
    layers.AveragePooling2D,
)

# Reach of an enlargement, in pixels of its input.
RESAMPLING = {"nearest": 0, "bilinear": 1, "bicubic": 2}


def halo(network: keras.Model) -> int | None:
    """Return how many input pixels on one side an output pixel depends on.

    Walks the functional graph from output to input and follows, for every output pixel
    of one period, the first and the last pixel that each layer looks at. With this halo
    around a tile, and zero padding at the picture's own border only, a tile's output
    equals the whole picture's.

    Args:
        network: A functional `keras.Model` with one input and one output.

    Returns:
        The halo in input pixels, or None if some layer sees the whole picture.

    Raises:
        TypeError: If the graph holds a layer whose reach is not known here. Such a
            layer can say it itself with an integer attribute `reach`.
    """
    nodes = list(nodes_of(network))
    if any(_sees_all(node.operation) for node in nodes):
        return None
    gain, period = _period(network, nodes)
    pixels = np.arange(period)
    own = pixels * gain.denominator // gain.numerator
    reach = 0
    for axis in (0, 1):
        first, last = _looked_at(network, nodes, pixels, axis)
        reach = max(reach, int((own - first).max()), int((last - own).max()))
    return reach


def _sees_all(layer: Any) -> bool:
    if isinstance(layer, NoiseDropout):
        # Its masks at inference depend on the size of what it is given.
        return layer.noise_seed is not None and layer.rate > 0
    return isinstance(layer, GLOBAL)


def _period(network: Any, nodes: list[Any]) -> tuple[Fraction, int]:
    """Output pixels per input pixel, and after how many of them all repeats itself."""
    known: dict[int, Fraction] = {}
    for node in nodes:
        sources = [known[id(tensor)] for tensor in node.input_tensors]
        density = (sources[0] if sources else Fraction(1)) * gain_of(node.operation)
        known.update((id(tensor), density) for tensor in node.output_tensors)
    gain = known[id(network.outputs[0])]
    periods = [(density / gain).denominator for density in known.values()]
    return gain, math.lcm(*periods)


def _looked_at(
    network: Any, nodes: list[Any], pixels: Array, axis: int
) -> tuple[Array, Array]:
    """First and last input pixel that each output pixel depends on, along an axis."""
    needed = {id(network.outputs[0]): (pixels, pixels)}
    for node in reversed(nodes):
        for made in node.output_tensors:
            if id(made) not in needed or not node.input_tensors:
                continue
            first, last = _sources(node.operation, *needed[id(made)], axis)
            for tensor in node.input_tensors:
                known = needed.get(id(tensor), (first, last))
                needed[id(tensor)] = (
                    np.minimum(known[0], first),
                    np.maximum(known[1], last),
                )
    return needed[id(network.inputs[0])]


def _sources(layer: Any, first: Array, last: Array, axis: int) -> tuple[Array, Array]:
    """First and last pixel of a layer's input that its pixels `first..last` need."""
    if isinstance(layer, SpaceToDepth):
        return first * layer.block_size, (last + 1) * layer.block_size - 1
    if isinstance(layer, DepthToSpace):
        return first // layer.block_size, last // layer.block_size
    if isinstance(layer, layers.UpSampling2D) and layer.interpolation in RESAMPLING:
        reach = RESAMPLING[layer.interpolation]
        return first // layer.size[axis] - reach, last // layer.size[axis] + reach
    if isinstance(layer, layers.Cropping2D):
        cropped = layer.cropping[axis][0]
        return first + cropped, last + cropped
    if isinstance(layer, layers.ZeroPadding2D | ReflectionPadding2D):
        # What is mirrored lies as far inside as the border is wide, so nearer.
        added = layer.padding[axis][0]
        return first - added, last - added
    if isinstance(layer, layers.Conv2DTranspose):
        return _transposed(layer, first, last, axis)
    window = _window(layer, axis)
    if window is not None:
        stride, before, after = window
        return first * stride - before, last * stride + after
    raise TypeError(
        f"The reach of layer {layer.name!r} ({type(layer).__name__}) is not known. "
        "Give its class an integer attribute 'reach' in pixels of its input."
    )


def _transposed(
    layer: Any, first: Array, last: Array, axis: int
) -> tuple[Array, Array]:
    size, stride = layer.kernel_size[axis], layer.strides[axis]
    # With padding "same" what is too much is cut at both ends, at the last one first.
    cut = max(size - stride, 0) // 2 if layer.padding == "same" else 0
    return (first + cut - size) // stride + 1, (last + cut) // stride


def _window(layer: Any, axis: int) -> tuple[int, int, int] | None:
    """Stride, and pixels that are seen before and after the one at its multiple."""
    if hasattr(layer, "reach"):
        return 1, layer.reach, layer.reach
    if isinstance(layer, MergedConv2D):
        return 1, 1, 1
    if isinstance(layer, STRIDED):
        stride = layer.strides[axis]
        width = _width(layer, axis)
        if isinstance(layer, PaddedConv2D):
            before = layer.pads[axis][0]
        elif layer.padding == "same":
            before = max(width - stride, 0) // 2
        else:
            before = 0
        return stride, before, width - 1 - before
    if isinstance(layer, ValidAverage):
        return 2, 1, 1
    if isinstance(layer, POINTWISE) or getattr(layer, "pointwise", False):
        return 1, 0, 0
    return None


def _width(layer: Any, axis: int) -> int:
    """Pixels from the first to the last that a layer looks at."""
    if isinstance(layer, layers.MaxPooling2D | layers.AveragePooling2D):
        return int(layer.pool_size[axis])
    return int((layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1)


def gain_of(layer: Any) -> Fraction:
    """Return the ratio of output to input pixels of one layer, along one side."""
    if isinstance(layer, DepthToSpace):
        return Fraction(layer.block_size)
    if isinstance(layer, SpaceToDepth):
        return Fraction(1, layer.block_size)
    if isinstance(layer, layers.UpSampling2D):
        return Fraction(layer.size[0])
    if isinstance(layer, layers.Conv2DTranspose):
        return Fraction(layer.strides[0])
    if isinstance(layer, ValidAverage):
        return Fraction(1, 2)
    if isinstance(layer, STRIDED):
        return Fraction(1, layer.strides[0])
    return Fraction(1)
