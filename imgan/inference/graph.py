"""From a Keras network to the function that turns one tile into pixels.

Everything between the file's integers and the result's integers is one frozen graph, so
a tile crosses into TensorFlow and back once, as small as it is.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.kinds import result_channels
from imgan.bundles.kinds import result_dtype
from imgan.bundles.kinds import result_units
from imgan.bundles.picture_graph import from_network
from imgan.bundles.picture_graph import quantise as to_depth
from imgan.bundles.picture_graph import to_light
from imgan.bundles.picture_graph import to_network
from imgan.bundles.picture_graph import to_values
from imgan.inference.frozen_graph import FrozenGraph
from imgan.inference.kernels import Kernels
from imgan.runtime import import_tensorflow
from imgan.types import Array
from imgan.types import Region
from imgan.types import dtype_peak
from imgan.types import from_range

# A tile counts as black if it would be 0 in 8 bits, and as lit from 8 of 255 on.
_BLACK, _LIT = 0.5 / 255, 8 / 255
# A compiled layer keeps 0.4 MB for each shape.
_MOST_SHAPES = 64


class TileResult(NamedTuple):
    """The pixels that a network made of a tile, and whether they can be trusted."""

    pixels: Array
    """`(height, width, channels)`: quantised, or float32 in [0, 1] or `raw`."""
    finite: bool
    """False if a value was NaN or infinite."""
    black: bool
    """True if everything is black although the input is not."""
    raw: bool = False
    """True if pixels that are not quantised are in the units of the files."""


TileFunction = Callable[[Array, Region], TileResult]
"""From `(height, width, channels)` pixels and the part of the output to keep."""


def compile_tile_function(
    network: Any,
    card: Card,
    dtype: str,
    channels: int,
    *,
    quantise: bool,
    device: str = "",
    compiled: bool = False,
) -> TileFunction:
    """Trace a network for pictures of one kind; height and width stay dynamic.

    Args:
        network: `keras.Model` in inference form.
        card: Its value ranges and channels.
        dtype: Of the pictures: uint8, uint16 or float32.
        channels: Of the pictures, as `to_input_channels` returns them.
        quantise: Return pixels in the dtype of the result, rounded half up; otherwise
            float32.
        device: TensorFlow's name of the device that computes; empty: its own choice.
        compiled: Whether some layers are compiled for each shape; see `kernels`.
    """
    tf = import_tensorflow()
    made = _made_dtype(card, dtype, channels, quantise)
    kernels = Kernels(network, compiled=compiled)
    block = 1

    def compute(pixels: Any, crop: Any) -> tuple[Any, Any]:
        nonlocal block
        images = to_network(tf, to_light(tf, pixels, card), card)
        outputs, block = kernels(images)
        top, left, height, width = tf.unstack(crop)
        outputs = outputs[:, top : top + height, left : left + width]
        # The values of a block are pixels beside each other until the very end: what
        # is done to each does not mind, and bytes are moved faster than floats.
        values = (tf.shape(outputs)[0], height, width * block**2, card.output_channels)
        outputs = tf.reshape(outputs, values)
        return _made(tf, outputs, card, channels, made, on_cpu="GPU" not in device)

    specs = [
        tf.TensorSpec((1, None, None, channels), dtype),
        tf.TensorSpec((4,), tf.int32),
    ]
    # On a U-Net TensorFlow's remapper gives up, and says so on the terminal.
    run = FrozenGraph(
        compute,
        specs,
        device,
        remap=card.task != "translation",
        most_shapes=_MOST_SHAPES if compiled else None,
    )

    def call(pixels: Array, crop: Region) -> TileResult:
        blocks, rest = _in_blocks(crop, block)
        values, finite = run(pixels[np.newaxis], np.array(blocks, np.int32))
        return _judged(shuffle(values, block)[rest.slices()], finite, pixels, card)

    return call


def compile_around(
    network: Callable[[Array], Array],
    card: Card,
    dtype: str,
    channels: int,
    *,
    quantise: bool,
) -> TileFunction:
    """Trace what comes before and after a network that is computed elsewhere.

    Args:
        network: From `(batch, height, width, channels)` float32 in the card's
            `input_range` to its `output_range`.
        card: As in `compile_tile_function`, as are the others.
        dtype: Of the pictures.
        channels: Of the pictures.
        quantise: Return pixels in the dtype of the result.
    """
    tf = import_tensorflow()
    made = _made_dtype(card, dtype, channels, quantise)
    before = FrozenGraph(
        lambda pixels: to_network(tf, to_light(tf, pixels, card), card),
        [tf.TensorSpec((1, None, None, channels), dtype)],
    )
    after = FrozenGraph(
        lambda outputs: _made(tf, outputs, card, channels, made),
        [tf.TensorSpec((None, None, None, card.output_channels), tf.float32)],
    )

    def call(pixels: Array, crop: Region) -> TileResult:
        outputs = network(before(pixels[np.newaxis])[0])
        rows, columns = crop.slices()
        values, finite = after(outputs[:, rows, columns])
        return _judged(values, finite, pixels, card)

    return call


def shuffle(values: Array, block: int) -> Array:
    """Put the pixels of blocks in place, as `layers.DepthToSpace` orders them.

    Args:
        values: `(height, width * block * block, channels)`, block after block.
        block: Side of a block.

    Returns:
        `(height * block, width * block, channels)`, the same dtype.
    """
    if block == 1:
        return values
    height, width, channels = values.shape
    width //= block**2
    # A row of a block is moved as one item.
    row = np.dtype((np.void, block * channels * values.itemsize))
    raw = np.ascontiguousarray(values).view(np.uint8).reshape(height, -1)
    rows = raw.view(row).reshape(height, width, block).transpose(0, 2, 1)
    flat = np.ascontiguousarray(rows).view(values.dtype)
    return flat.reshape(height * block, width * block, channels)


def _in_blocks(crop: Region, block: int) -> tuple[Region, Region]:
    """Return the blocks that hold a region, and the region inside of their pixels."""
    top, left = crop.top // block, crop.left // block
    bottom, right = -(-crop.bottom // block), -(-crop.right // block)
    rest = crop._replace(top=crop.top - top * block, left=crop.left - left * block)
    return Region(top, left, bottom - top, right - left), rest


def _judged(values: Array, finite: Any, pixels: Array, card: Card) -> TileResult:
    """Return pixels, and whether they can be what `pixels` should have become."""
    units = result_units(card)
    black = False
    # A picture may rightly become another one that is black.
    if finite and units is None and card.task == "super_resolution":
        lit = pixels.max() > _LIT * dtype_peak(pixels.dtype)
        black = bool(lit and values.max() < _BLACK * dtype_peak(values.dtype))
    return TileResult(values, bool(finite), black, units is not None)


def _made_dtype(card: Card, dtype: str, channels: int, quantise: bool) -> str:
    """Return the dtype of the values; refuse channels that the network cannot take."""
    result_channels(card, channels)
    return result_dtype(card, dtype) if quantise else "float32"


def _made(
    tf: Any, outputs: Any, card: Card, channels: int, dtype: str, *, on_cpu: bool = True
) -> tuple[Any, Any]:
    """Return the pixels that a network's values are, and whether all are finite."""
    outputs = from_network(tf, outputs, card, channels)
    # One pass: a sum of numbers that are none is none.
    finite = tf.math.is_finite(tf.reduce_sum(outputs))
    if dtype == "uint8" and result_units(card) is None and on_cpu:
        light = from_range(outputs, card.output_range)
        return _to_uint8(tf, light)[0], finite
    values = to_values(tf, outputs, card)
    return to_depth(tf, values, card, dtype)[0], finite


def _to_uint8(tf: Any, light: Any) -> Any:
    """Return what `quantise` makes of light, in one pass instead of six."""
    levels, _, _ = tf.raw_ops.QuantizeV2(
        input=light,
        min_range=0.0,
        max_range=1.0,
        T=tf.quint8,
        mode="SCALED",
        round_mode="HALF_AWAY_FROM_ZERO",
    )
    return tf.bitcast(levels, tf.uint8)
