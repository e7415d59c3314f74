"""Operations that Keras of TensorFlow 2.0 to 2.3 recorded: `TensorFlowOpLayer`."""

import base64
import binascii
import json
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from imgan.importing.keras2.operations import operation
from imgan.importing.keras2.parts import unsupported
from imgan.importing.keras2.tree import Node

_FUNCTIONS = {
    "DepthToSpace": "depth_to_space",
    "SpaceToDepth": "space_to_depth",
    "MirrorPad": "pad",
    "Pad": "pad",
    "PadV2": "pad",
    "Add": "add",
    "AddV2": "add",
    "Mul": "multiply",
    "Sub": "subtract",
    "RealDiv": "truediv",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "ClipByValue": "clip_by_value",
    "ConcatV2": "concat",
    "ResizeBilinear": "image.resize",
    "ResizeNearestNeighbor": "image.resize",
    "Identity": "identity",
    "Neg": "negative",
    "Relu": "relu",
    "Relu6": "relu6",
    "Elu": "elu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "LeakyRelu": "leaky_relu",
}


def recorded_operation(node: Node, arguments: Sequence[Any]) -> Any:
    """Return what an operation makes of the results that it is given.

    Raises:
        CheckpointError: If it is not known.
    """
    name, attributes = _definition(node)
    if name not in _FUNCTIONS:
        raise unsupported(
            f"Layer {node.name!r}: the operation {name}",
            f"Known: {', '.join(sorted(_FUNCTIONS))}.",
        )
    values = _with_constants(node, arguments)
    options: dict[str, Any] = {}
    if "block_size" in attributes:
        options["block_size"] = int(attributes["block_size"])
    if name == "MirrorPad":
        options["mode"] = attributes.get("mode", "REFLECT")
    if name == "LeakyRelu":
        options["alpha"] = float(attributes.get("alpha", 0.2))
    if name == "ConcatV2":
        *results, axis = values
        values, options["axis"] = [results], axis
    if name.startswith("Resize"):
        if str(attributes.get("half_pixel_centers")).lower() != "true":
            raise unsupported(f"Layer {node.name!r}: {name} without half pixels")
        options["method"] = "bilinear" if name == "ResizeBilinear" else "nearest"
    return operation(_FUNCTIONS[name], values, options, node.name)


def _definition(node: Node) -> tuple[str, dict[str, Any]]:
    """Return the operation and its attributes, each as a plain value."""
    text = node.config.get("node_def")
    try:
        definition: Any = json.loads(text) if isinstance(text, str) else text
        attributes = {
            key: _value(value) for key, value in definition.get("attr", {}).items()
        }
        return str(definition["op"]), attributes
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise unsupported(f"Layer {node.name!r}: what its node_def says") from error


def _value(attribute: Mapping[str, Any]) -> Any:
    key, value = next(iter(attribute.items()), ("", None))
    if key == "s" and isinstance(value, str):
        try:
            return base64.b64decode(value).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
    return value


def _with_constants(node: Node, arguments: Sequence[Any]) -> list[Any]:
    """Return all inputs in their order: constants have their places in the file."""
    given = [
        item
        for argument in arguments
        for item in (argument if isinstance(argument, list) else [argument])
    ]
    constants = node.config.get("constants") or {}
    places = {int(index): value for index, value in constants.items()}
    values: list[Any] = []
    while given or len(values) in places:
        index = len(values)
        values.append(places[index] if index in places else given.pop(0))
    return values
