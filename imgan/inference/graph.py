"""From a Keras network to the function that turns one tile into pixels.

Everything between the file's integers and the result's integers is one frozen graph, so
a tile crosses into TensorFlow and back once, as small as it is. The graph runs in the
calling thread: oneDNN keeps what it prepares for each shape of a tile (0.5 MB for a
small network) per thread, and only the end of the thread frees it. See `streams`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from typing import NamedTuple

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.kinds import result_channels
from imgan.bundles.kinds import result_dtype
from imgan.bundles.kinds import result_units
from imgan.bundles.picture_graph import freeze
from imgan.bundles.picture_graph import quantise as to_depth
from imgan.bundles.picture_graph import through_network
from imgan.bundles.picture_graph import to_light
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
    result_channels(card, channels)
    made_dtype = result_dtype(card, dtype)
    raw = result_units(card) is not None
    # A picture may rightly become another one that is black.
    watched = not raw and card.task == "super_resolution"

    def compute(pixels: Any, crop: Any) -> tuple[Any, Any, Any]:
        light = to_light(tf, pixels, card)
        lit = tf.reduce_max(light) > _LIT if watched else tf.constant(False)
        outputs = through_network(tf, partial(network, training=False), card, light)
        top, left, height, width = tf.unstack(crop)
        outputs = outputs[0, top : top + height, left : left + width]
        finite = tf.reduce_all(tf.math.is_finite(outputs))
        values = to_values(tf, outputs, card)
        black = tf.logical_and(lit, tf.reduce_max(values) < _BLACK)
        if quantise:
            values = to_depth(tf, values, card, made_dtype)
        return values, finite, black

    pixels = tf.TensorSpec((1, None, None, channels), dtype)
    frozen = freeze(compute, [pixels, tf.TensorSpec((4,), tf.int32)])
    # On a U-Net TensorFlow's remapper gives up, and says so on the terminal.
    run = _in_session(tf, frozen, device, remap=card.task != "translation")

    def call(pixels: Array, crop: Region) -> TileResult:
        values, finite, black = run(pixels[np.newaxis], np.array(crop, np.int32))
        return TileResult(values, bool(finite), bool(black), raw)

    return call


def _in_session(
    tf: Any, frozen: Any, device: str, *, remap: bool
) -> Callable[..., Any]:
    """Return a frozen graph on one device, as a function of numpy arrays."""
    from tensorflow.core.protobuf import rewriter_config_pb2

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
