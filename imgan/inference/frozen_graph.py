"""A function as a frozen graph in a session of its own: arrays in, arrays out.

The graph runs in the calling thread: oneDNN keeps what it prepares for each shape of a
tile (0.5 MB for a small network) per thread, and only the end of the thread frees it.
See `streams`.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from imgan.bundles.picture_graph import freeze
from imgan.runtime import import_tensorflow
from imgan.types import Array


class FrozenGraph:
    """A function as a frozen graph on a device, from numpy arrays to arrays.

    Args:
        compute: From tensors to tensors.
        signature: A `tf.TensorSpec` for each of its arguments.
        device: TensorFlow's name; empty: its own choice.
        remap: Whether TensorFlow may fuse layers.
        most_shapes: Shapes of the first array after which what was kept for them is
            given up; None: nothing large is.
    """

    def __init__(
        self,
        compute: Callable[..., Any],
        signature: Sequence[Any],
        device: str = "/CPU:0",
        *,
        remap: bool = True,
        most_shapes: int | None = None,
    ) -> None:
        tf = import_tensorflow()
        frozen = freeze(compute, signature)
        self._inputs = [tensor.name for tensor in frozen.inputs]
        self._outputs = [tensor.name for tensor in frozen.outputs]
        self._graph = tf.Graph()
        # Tracing forgets the device around it; nodes that are imported take it.
        with self._graph.as_default(), tf.device(device):
            tf.import_graph_def(frozen.graph.as_graph_def(), name="")
        self._config = _session_config(tf, remap=remap)
        self._in_this_thread = tf.compat.v1.RunOptions(inter_op_thread_pool=-1)
        self._most_shapes = most_shapes
        self._shapes: set[tuple[int, ...]] = set()
        self._session = tf.compat.v1.Session(graph=self._graph, config=self._config)

    def __call__(self, *arrays: Array) -> Any:
        """Compute, in the calling thread."""
        self._shapes.add(arrays[0].shape)
        if self._most_shapes is not None and len(self._shapes) > self._most_shapes:
            self._forget()
        feed = dict(zip(self._inputs, arrays, strict=True))
        return self._session.run(self._outputs, feed, options=self._in_this_thread)

    def _forget(self) -> None:
        """Begin a new session; the old one ends with the last thread inside it."""
        tf = import_tensorflow()
        self._shapes = set()
        self._session = tf.compat.v1.Session(graph=self._graph, config=self._config)


def _session_config(tf: Any, *, remap: bool) -> Any:
    from tensorflow.core.protobuf import rewriter_config_pb2

    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    # A session has one processor, unless it is told of logical ones.
    config.device_count["CPU"] = len(tf.config.list_logical_devices("CPU"))
    # Memory of a GPU is shared with other sessions, so none may take all of it.
    config.gpu_options.allow_growth = True
    if not remap:
        off = rewriter_config_pb2.RewriterConfig.OFF
        config.graph_options.rewrite_options.remapping = off
    return config
