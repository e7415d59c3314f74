"""The halo of a network: exact, read off its graph, or measured on a picture."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import keras
import numpy as np
from keras import layers
from keras import ops

from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.merged_conv import MergedConv2D
from imgan.layers.noise_dropout import NoiseDropout
from imgan.layers.padded_conv import PaddedConv2D
from imgan.layers.reflection_padding import ReflectionPadding2D
from imgan.layers.space_to_depth import SpaceToDepth
from imgan.layers.valid_average import ValidAverage
from imgan.networks.base import Network
from imgan.types import Array

_Index = tuple[slice, ...]

# Layers whose output pixel depends on the input pixel at the same place only.
POINTWISE = (
    layers.InputLayer,
    layers.ReLU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.Activation,
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
    nodes = list(_nodes(network))
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


def measured_halo(
    network: Network,
    *,
    tolerance: float = 1 / 1020,
    size: int = 256,
    images: Array | None = None,
) -> tuple[int, float]:
    """Return the smallest halo with which a tile is as good as the whole picture.

    For networks whose exact halo is too wide to be practical and whose outputs hardly
    depend on most of it. A tile in the middle, an eighth of the picture wide, is
    computed with ever narrower halos and compared with the same pixels of the whole
    picture's output. Halos of up to a quarter of the picture are tried, so that what
    is beyond them is still in the picture.

    Args:
        network: With the weights that it will be used with.
        tolerance: Largest difference allowed, in units of the output range; a quarter
            of a level of 255.
        size: Sides of the picture, in units of the network's `size_multiple`; at least
            8. All takes about as long as two such pictures.
        images: Pictures to measure on instead, `(batch, height, width, channels)`
            float32 in the network's range; `size` is their smaller side then. None: a
            fixed pattern of waves, edges and noise.

    Returns:
        The halo in input pixels, a multiple of `size_multiple`, and the largest
        difference with it in units of the output range. The exact halo with a
        difference of 0, if no halo that was tried is enough.

    Raises:
        ValueError: If the network sees the whole picture, or the picture is too small.
    """
    exact, unit = halo(network), network.size_multiple
    if exact is None:
        raise ValueError(
            f"{network.name} sees the whole picture, so no halo makes its tiles right."
        )
    if images is None:
        images = _pattern(network, size * unit)
    size = min(images.shape[1:3]) // unit
    if size < 8:
        raise ValueError(f"size must be at least 8 to hold a tile. Received: {size}")
    whole = _outputs(network, images)
    low, high = network.output_range
    exact = -(-exact // unit)

    def error(units: int) -> float:
        tile, crop, kept = _middle(images, whole, size // 8 * unit, units * unit)
        difference = _outputs(network, images[tile])[crop] - whole[kept]
        return float(np.abs(difference).max()) / (high - low)

    enough = min(exact, size // 4)
    best = error(enough)
    if best > tolerance:
        return exact * unit, 0.0
    too_little = -1
    while enough - too_little > 1:
        middle = (enough + too_little) // 2
        found = error(middle)
        if found > tolerance:
            too_little = middle
        else:
            enough, best = middle, found
    return enough * unit, best


def _middle(
    images: Array, whole: Array, side: int, halo: int
) -> tuple[_Index, _Index, _Index]:
    """Index a tile with its halo, what is kept of its output, and of the whole's."""
    scale = whole.shape[1] // images.shape[1]
    tile, crop, kept = [slice(None)], [slice(None)], [slice(None)]
    for length in images.shape[1:3]:
        # Both offsets in units: sides of a tile start where squares of pixels start.
        first = (length // side // 2) * side
        tile.append(slice(first - halo, first + side + halo))
        crop.append(slice(halo * scale, (halo + side) * scale))
        kept.append(slice(first * scale, (first + side) * scale))
    return tuple(tile), tuple(crop), tuple(kept)


def _pattern(network: Network, side: int) -> Array:
    """Return a fixed picture of waves, edges and noise in the network's range."""
    channels = network.input_shape[-1]
    y, x = np.mgrid[:side, :side] / side
    waves = np.sin(60 * x * x + 25 * y) * np.cos(90 * y * y - 10 * x)
    edges = np.sign(np.sin(40 * x + 23 * y)) + np.sign(np.sin(31 * y - 17 * x))
    shared = (0.5 + 0.15 * waves + 0.1 * edges)[..., None]
    # No random generator: their streams may change with a release of numpy.
    noise = np.sin(np.arange(1.0, side * side * channels + 1) ** 2)
    picture = shared + 0.1 * noise.reshape(side, side, channels)
    low, high = network.input_range
    return (low + (high - low) * picture[None]).astype(np.float32)


def _outputs(network: Network, images: Array) -> Array:
    return ops.convert_to_numpy(network(images, training=False))


def _nodes(network: Any) -> Iterator[Any]:
    """Calls of layers from input to output; a shared layer has one for each use."""
    for depth in sorted(network._nodes_by_depth, reverse=True):
        yield from network._nodes_by_depth[depth]


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
