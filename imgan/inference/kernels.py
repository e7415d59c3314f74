"""Layers that oneDNN does not fuse with a convolution, each as one compiled kernel.

TensorFlow runs a PReLU as five operations, each a pass over memory: two thirds of the
time of SRVGGNetCompact in bfloat16. XLA makes one pass of them; its convolutions are
much slower than oneDNN's, so those stay outside.

A kernel is compiled for every shape of a tile (about 0.1 s), which large pictures are
worth and small ones are not; see `predictor`.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from imgan.runtime import import_tensorflow

_FEW = 4
"""Channels up to which a repetition is a convolution with few products."""


class Unshuffled(NamedTuple):
    """What a network makes before its pixels are put in place."""

    outputs: Any
    """`(batch, height, width, block * block * channels)`."""
    block: int
    """Result pixels per pixel along one side; 1: they are in place."""


class Kernels:
    """Calls a network layer by layer, the cheapest way that this package knows.

    Args:
        network: In inference form. What is no functional `keras.Model`, such as an
            exported one, is called as it is.
        compiled: Whether layers are compiled by XLA.
    """

    def __init__(self, network: Any, *, compiled: bool) -> None:
        self._tf = import_tensorflow()
        self._network = network
        self._compiled = compiled
        self._made: dict[tuple[type, str], Callable[..., Any]] = {}

    def __call__(self, images: Any) -> Unshuffled:
        """Return what the network makes of a batch, before its last rearrangement."""
        nodes = _known_calls(self._network)
        if not nodes:
            return Unshuffled(self._network(images, training=False), 1)
        from imgan.layers.depth_to_space import DepthToSpace

        values = {id(self._network.inputs[0]): images}
        last = nodes[-1]
        for node in nodes:
            arguments, options = node.arguments.fill_in(values)
            if node is last and isinstance(node.operation, DepthToSpace):
                return Unshuffled(arguments[0], node.operation.block_size)
            made = self._call(node.operation, arguments, options)
            values[id(node.output_tensors[0])] = made
        return Unshuffled(values[id(self._network.outputs[0])], 1)

    def _call(self, layer: Any, arguments: Any, options: dict[str, Any]) -> Any:
        parts = arguments[0]
        if _is_repetition(layer, parts):
            return self._repeated(parts[0], len(parts))
        if self._compiled and _is_compiled(layer) and not options:
            given = arguments[0]
            inputs = given if isinstance(given, list | tuple) else [given]
            variables = [variable.value for variable in layer.variables]
            return self._kernel(layer)(variables, *inputs)
        return layer(*arguments, **options)

    def _repeated(self, images: Any, count: int) -> Any:
        """Return channels repeated; copying so few at a time takes twice as long."""
        tf = self._tf
        one = tf.eye(images.shape[3], dtype=images.dtype)
        return tf.nn.conv2d(images, tf.tile(one, (1, count))[None, None], 1, "VALID")

    def _kernel(self, layer: Any) -> Callable[..., Any]:
        """Return the layer as a function of its variables: one for all of its kind."""
        kind = type(layer), str({**layer.get_config(), "name": ""})
        if kind not in self._made:
            self._made[kind] = self._compile(layer)
        return self._made[kind]

    def _compile(self, layer: Any) -> Callable[..., Any]:
        tf = self._tf
        # Between reading and writing there is no reason to round.
        twin = type(layer).from_config({**layer.get_config(), "dtype": "float32"})

        def compute(variables: Sequence[Any], *inputs: Any) -> Any:
            exact = [tf.cast(one, tf.float32) for one in inputs]
            if not twin.built:
                shapes = [tuple(one.shape) for one in exact]
                twin.build(shapes if len(shapes) > 1 else shapes[0])
            given = exact if len(exact) > 1 else exact[0]
            made, _ = twin.stateless_call(variables, [], given)
            return tf.cast(made, inputs[-1].dtype)

        return tf.function(compute, jit_compile=True, autograph=False)


def has_kernels(network: Any) -> bool:
    """Return whether compiling makes a difference to a network."""
    return any(_is_compiled(node.operation) for node in _known_calls(network))


def _is_compiled(layer: Any) -> bool:
    import keras

    from imgan.networks.span import AttentionGate

    return isinstance(layer, keras.layers.PReLU | AttentionGate)


def _known_calls(network: Any) -> list[Any]:
    """Return the calls of a network of one input and one output; of others none."""
    import keras

    if not isinstance(network, keras.Model) or not hasattr(network, "_nodes_by_depth"):
        return []
    # An exported model needs no class of a network.
    from imgan.networks.stepwise import calls

    nodes = list(calls(network))
    alone = len(network.inputs) == len(network.outputs) == 1
    single = all(len(node.output_tensors) == 1 for node in nodes)
    ends = bool(nodes) and nodes[-1].output_tensors[0] is network.outputs[0]
    return nodes if alone and single and ends else []


def _is_repetition(layer: Any, parts: Any) -> bool:
    import keras

    if not isinstance(layer, keras.layers.Concatenate):
        return False
    first = parts[0]
    return (
        layer.axis in (-1, 3)
        and len(parts) > 1
        and all(part is first for part in parts)
        and first.shape[-1] is not None
        and first.shape[-1] <= _FEW
    )
