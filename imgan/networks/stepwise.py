"""Compute a network layer by layer, without the memory that a whole call takes.

Called as it is, a functional model keeps what every layer made until its end: 2.7 GB
for RRDBNet and 96x96 pixels. Compiled it does not, but compiling takes longer than a
few small pictures are worth.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from imgan.types import Array


def nodes_of(network: Any) -> Iterator[Any]:
    """Calls of layers from input to output; a shared layer has one for each use."""
    for depth in sorted(network._nodes_by_depth, reverse=True):
        yield from network._nodes_by_depth[depth]


def calls(network: Any) -> Iterator[Any]:
    """Those of layers that take something, each after those that make its inputs."""
    return (node for node in nodes_of(network) if node.input_tensors)


def compute(network: keras.Model, images: Array) -> Array:
    """Return what a functional model makes at inference, as `network(images)` does.

    Args:
        network: With one input and one output.
        images: `(batch, height, width, channels)`.

    Returns:
        Its output as a numpy array.
    """
    nodes = list(calls(network))
    uses = Counter(id(tensor) for node in nodes for tensor in node.input_tensors)
    made = id(network.outputs[0])
    uses[made] += 1
    values = {id(network.inputs[0]): ops.convert_to_tensor(images)}
    for node in nodes:
        arguments, options = node.arguments.fill_in(values)
        values[id(node.output_tensors[0])] = node.operation(*arguments, **options)
        for tensor in node.input_tensors:
            uses[id(tensor)] -= 1
            if not uses[id(tensor)]:
                values.pop(id(tensor), None)
    return ops.convert_to_numpy(values[made])
