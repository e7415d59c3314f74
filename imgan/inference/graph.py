"""From a Keras network to the function that turns one tile into pixels.

Everything between the file's integers and the result's integers is one frozen graph, so
a tile crosses into TensorFlow and back once, as small as it is. The graph runs in the
calling thread: oneDNN keeps what it prepares for each shape of a tile (0.5 MB for a
small network) per thread, and only the end of the thread frees it. See `streams`.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.kinds import result_channels
from imgan.bundles.kinds import result_dtype
from imgan.bundles.kinds import result_units
from imgan.bundles.picture_graph import freeze
from imgan.bundles.picture_graph import from_network
from imgan.bundles.picture_graph import quantise as to_depth
from imgan.bundles.picture_graph import to_light
from imgan.bundles.picture_graph import to_network
from imgan.bundles.picture_graph import to_values
from imgan.runtime import import_tensorflow
from imgan.types import Array
from imgan.types import Region

# A tile counts as black if it would be 0 in 8 bits, and as lit from 8 of 255 on.
_BLACK, _LIT = 0.5 / 255, 8 / 255


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
    """
    tf = import_tensorflow()
    made = _made_dtype(card, dtype, channels, quantise)

    def compute(pixels: Any, crop: Any) -> tuple[Any, Any, Any]:
        images, lit = _given(tf, pixels, card)
        outputs = network(images, training=False)
        return _made(tf, outputs, lit, crop, card, channels, made)

    specs = [
        tf.TensorSpec((1, None, None, channels), dtype),
        tf.TensorSpec((4,), tf.int32),
    ]
    # On a U-Net TensorFlow's remapper gives up, and says so on the terminal.
    run = _freeze(compute, specs, device, remap=card.task != "translation")
    raw = result_units(card) is not None

    def call(pixels: Array, crop: Region) -> TileResult:
        values, finite, black = run(pixels[np.newaxis], np.array(crop, np.int32))
        return TileResult(values, bool(finite), bool(black), raw)

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
    before = _freeze(
        lambda pixels: _given(tf, pixels, card),
        [tf.TensorSpec((1, None, None, channels), dtype)],
    )
    after = _freeze(
        lambda outputs, lit, crop: _made(tf, outputs, lit, crop, card, channels, made),
        [
            tf.TensorSpec((None, None, None, card.output_channels), tf.float32),
            tf.TensorSpec((), tf.bool),
            tf.TensorSpec((4,), tf.int32),
        ],
    )
    raw = result_units(card) is not None

    def call(pixels: Array, crop: Region) -> TileResult:
        images, lit = before(pixels[np.newaxis])
        window = np.array(crop, np.int32)
        values, finite, black = after(network(images), lit, window)
        return TileResult(values, bool(finite), bool(black), raw)

    return call


def _is_watched(card: Card) -> bool:
    """Return whether a result that is black means that something went wrong."""
    # A picture may rightly become another one that is black.
    return result_units(card) is None and card.task == "super_resolution"


def _made_dtype(card: Card, dtype: str, channels: int, quantise: bool) -> str:
    """Return the dtype of the values; refuse channels that the network cannot take."""
    result_channels(card, channels)
    return result_dtype(card, dtype) if quantise else "float32"


def _given(tf: Any, pixels: Any, card: Card) -> tuple[Any, Any]:
    """Return what the network is given, and whether it is watched and not black."""
    light = to_light(tf, pixels, card)
    lit = tf.reduce_max(light) > _LIT if _is_watched(card) else tf.constant(False)
    return to_network(tf, light, card), lit


def _made(
    tf: Any, outputs: Any, lit: Any, crop: Any, card: Card, channels: int, dtype: str
) -> tuple[Any, Any, Any]:
    """Return the pixels that are kept, whether they are finite, and wrongly black."""
    outputs = from_network(tf, outputs, card, channels)
    top, left, height, width = tf.unstack(crop)
    outputs = outputs[0, top : top + height, left : left + width]
    finite = tf.reduce_all(tf.math.is_finite(outputs))
    values = to_values(tf, outputs, card)
    black = tf.logical_and(lit, tf.reduce_max(values) < _BLACK)
    return to_depth(tf, values, card, dtype), finite, black


def _freeze(
    compute: Callable[..., Any],
    signature: Sequence[Any],
    device: str = "/CPU:0",
    *,
    remap: bool = True,
) -> Callable[..., Any]:
    """Return `compute` as a frozen graph on a device, from numpy arrays to arrays."""
    from tensorflow.core.protobuf import rewriter_config_pb2

    tf = import_tensorflow()
    frozen = freeze(compute, signature)
    inputs = [tensor.name for tensor in frozen.inputs]
    outputs = [tensor.name for tensor in frozen.outputs]
    graph = tf.Graph()
    # Tracing forgets the device around it; nodes that are imported take it.
    with graph.as_default(), tf.device(device):
        tf.import_graph_def(frozen.graph.as_graph_def(), name="")
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    # A session has one processor, unless it is told of logical ones.
    config.device_count["CPU"] = len(tf.config.list_logical_devices("CPU"))
    # Memory of a GPU is shared with other sessions, so none may take all of it.
    config.gpu_options.allow_growth = True
    if not remap:
        off = rewriter_config_pb2.RewriterConfig.OFF
        config.graph_options.rewrite_options.remapping = off
    session = tf.compat.v1.Session(graph=graph, config=config)
    in_this_thread = tf.compat.v1.RunOptions(inter_op_thread_pool=-1)

    def run(*arrays: Array) -> Any:
        feed = dict(zip(inputs, arrays, strict=True))
        return session.run(outputs, feed, options=in_this_thread)

    return run
