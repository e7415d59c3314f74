"""The exact halo of a network, read off its graph."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import keras
from keras import layers

from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.merged_conv import MergedConv2D
from imgan.layers.space_to_depth import SpaceToDepth

# Layers whose output pixel depends on the input pixel at the same place only.
POINTWISE = (
    layers.InputLayer,
    layers.ReLU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.Activation,
    layers.Add,
    layers.Multiply,
    layers.Concatenate,
    layers.Rescaling,
    layers.Dropout,
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

# Reach of an enlargement, in pixels of its input.
RESAMPLING = {"nearest": 0, "bilinear": 1, "bicubic": 2}


def halo(network: keras.Model) -> int | None:
    """Return how many input pixels on one side an output pixel depends on.

    Walks the functional graph from input to output and adds up the radius of every
    layer in units of input pixels. With this halo around a tile, and zero padding at
    the picture's own border only, a tile's output equals the whole picture's.

    Args:
        network: A functional `keras.Model` with one input and one output.

    Returns:
        The halo in input pixels, or None if some layer sees the whole picture.

    Raises:
        TypeError: If the graph holds a layer whose reach is not known here. Such a
            layer can say it itself with an integer attribute `reach`.
    """
    # tensor id -> (reach in input pixels, pixels per input pixel)
    known: dict[int, tuple[Fraction, Fraction]] = {}
    for node in _nodes(network):
        operation = node.operation
        sources = [known[id(tensor)] for tensor in node.input_tensors]
        reach = max((reach for reach, _ in sources), default=Fraction(0))
        density = sources[0][1] if sources else Fraction(1)
        if isinstance(operation, GLOBAL):
            return None
        reach += _radius(operation) / density
        density *= _gain(operation)
        for tensor in node.output_tensors:
            known[id(tensor)] = (reach, density)
    # Rounding up once is exact: nested ceilings collapse.
    return math.ceil(known[id(network.outputs[0])][0])


def _nodes(network: Any) -> Iterator[Any]:
    """Calls of layers from input to output; a shared layer has one for each use."""
    for depth in sorted(network._nodes_by_depth, reverse=True):
        yield from network._nodes_by_depth[depth]


def _radius(layer: Any) -> Fraction:
    """Reach of one layer in pixels of its own input."""
    if hasattr(layer, "reach"):
        return Fraction(layer.reach)
    if isinstance(layer, MergedConv2D):
        return Fraction(1)
    if isinstance(layer, layers.Conv2D) and _keeps_size(layer):
        widest = max(
            (size - 1) * dilation
            for size, dilation in zip(
                layer.kernel_size, layer.dilation_rate, strict=True
            )
        )
        return Fraction(widest, 2) if widest % 2 == 0 else Fraction(widest + 1, 2)
    if isinstance(layer, layers.UpSampling2D) and layer.interpolation in RESAMPLING:
        return Fraction(RESAMPLING[layer.interpolation])
    if isinstance(layer, POINTWISE) or getattr(layer, "pointwise", False):
        return Fraction(0)
    raise TypeError(
        f"The reach of layer {layer.name!r} ({type(layer).__name__}) is not known. "
        "Give its class an integer attribute 'reach' in pixels of its input."
    )


def _keeps_size(layer: Any) -> bool:
    return layer.padding == "same" or set(layer.kernel_size) == {1}


def _gain(layer: Any) -> Fraction:
    """Ratio of output to input pixels of one layer, along one side."""
    if isinstance(layer, DepthToSpace):
        return Fraction(layer.block_size)
    if isinstance(layer, SpaceToDepth):
        return Fraction(1, layer.block_size)
    if isinstance(layer, layers.UpSampling2D):
        return Fraction(layer.size[0])
    if isinstance(layer, layers.Conv2D):
        return Fraction(1, layer.strides[0])
    return Fraction(1)
