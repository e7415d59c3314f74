"""A plan of calls becomes a functional model of today's Keras."""

import json
import re
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from imgan.errors import CheckpointError
from imgan.errors import first_line
from imgan.importing.keras2.arrays import check_shapes
from imgan.importing.keras2.arrays import read_arrays
from imgan.importing.keras2.layers import layer_parts
from imgan.importing.keras2.layers import plain
from imgan.importing.keras2.node_defs import recorded_operation
from imgan.importing.keras2.operations import Applied
from imgan.importing.keras2.operations import is_tensor
from imgan.importing.keras2.operations import operation
from imgan.importing.keras2.parts import Part
from imgan.importing.keras2.store import Store
from imgan.importing.keras2.tree import Call
from imgan.importing.keras2.tree import Node
from imgan.importing.keras2.tree import Plan
from imgan.importing.keras2.tree import Result
from imgan.importing.keras2.weights import Roles

# Operations that Keras 3 records as classes of their own.
_OF_TWO = {"Add", "Subtract", "Multiply", "Maximum", "Minimum"}
_OPERATIONS = {
    "TrueDivide": "truediv",
    "Clip": "clip_by_value",
    "Concatenate": "concat",
}


class Builder:
    """Builds the model of a plan for given sides.

    Args:
        plan: The calls.
        store: The arrays of the file.
        places: Where the arrays of each layer lie.
        given: What layers do of which the user has said it, by name.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        places: Mapping[Node, Roles],
        given: Mapping[str, list[Part]],
    ) -> None:
        self._plan, self._store = plan, store
        self._places, self._given = places, given
        self._names: set[str] = set()
        self._layers: dict[tuple[Node, str], list[Any]] = {}

    def build(self, shape: Sequence[Any]) -> Any:
        """Return the model for pictures `(height, width, channels)`, with its weights.

        Raises:
            CheckpointError: If a layer cannot be built, or an array does not fit.
        """
        import keras

        self._names, self._layers = {"images"}, {}
        images = keras.Input(tuple(shape), name="images")
        values: list[Any] = []
        for call in self._plan.calls:
            arguments = [_filled(item, values, images) for item in call.arguments]
            options = {
                key: _filled(item, values, images) for key, item in call.options.items()
            }
            values.append(self._called(call, arguments, options))
        output = _filled(self._plan.output, values, images)
        if not is_tensor(output) or output is images:
            raise CheckpointError("The model does nothing to its input.")
        name = _clean(self._plan.root.name) or "imported"
        return keras.Model(images, output, name=name)

    def any_size(self, model: Any, graph: Mapping[str, Any]) -> Any:
        """Return the same model with dynamic sides.

        Raises:
            ValueError: If a layer needs sides that are known.
        """
        import keras

        from imgan.networks.imported import build_graph

        for node in model.operations:
            kind = type(node).__name__
            rank = len(node.input.shape) if kind in ("Flatten", "Reshape") else 0
            if rank > 2:
                raise ValueError(f"{kind} needs sides that are known")
            shared = getattr(node, "shared_axes", None) or ()
            if kind == "PReLU" and not {1, 2} <= set(shared):
                raise ValueError(f"{kind} has a slope for every pixel")
        inputs, outputs = build_graph(graph, (None, None), "float32")
        dynamic = keras.Model(inputs, outputs, name=model.name)
        for layer in model.layers:
            if layer.weights:
                dynamic.get_layer(layer.name).set_weights(layer.get_weights())
        return dynamic

    def _called(self, call: Call, arguments: list[Any], options: Any) -> Any:
        node = call.node
        if node.name in self._given:
            if self._places.get(node):
                raise CheckpointError(
                    f"Layer {node.name!r} has weights, so --lambda cannot stand for it."
                )
            return self._applied(node, self._given[node.name], arguments)
        if node.kind in ("TFOpLambda", "SlicingOpLambda"):
            function = str(node.config.get("function", node.name))
            made = operation(function, arguments, options, node.name)
        elif node.kind == "TensorFlowOpLayer":
            made = recorded_operation(node, arguments)
        elif ".ops." in node.module or (node.kind in _OF_TWO and len(arguments) == 2):
            function = _OPERATIONS.get(node.kind) or _snake(node.kind)
            options = {**_written(node), **options}
            made = operation(function, arguments, options, node.name)
        else:
            parts = layer_parts(node, options, modern=self._plan.modern)
            return self._applied(node, parts, arguments)
        if isinstance(made, Applied):
            return self._applied(node, made.parts, made.inputs, shared=False)
        return made

    def _applied(
        self,
        node: Node,
        parts: list[Part],
        arguments: Sequence[Any],
        *,
        shared: bool = True,
    ) -> Any:
        """Call the layers of a layer, one after the other."""
        flat = [
            item
            for argument in arguments
            for item in (argument if isinstance(argument, list) else [argument])
        ]
        if not flat or not all(map(is_tensor, flat)):
            raise CheckpointError(
                f"Layer {node.name!r} ({node.registered}) is not given results of "
                "layers alone."
            )
        x = flat[0] if len(flat) == 1 else flat
        if not parts and isinstance(x, list):
            raise CheckpointError(f"Layer {node.name!r} is given {len(x)} results.")
        for layer, part in zip(self._made(node, parts, shared), parts, strict=True):
            x = self._call(node, layer, part, x)
        return x

    def _call(self, node: Node, layer: Any, part: Part, x: Any) -> Any:
        places, built = self._places.get(node, {}), layer.built
        try:
            if part.roles:
                if isinstance(x, list):
                    raise ValueError("it is given several results")
                check_shapes(self._store, node, places, part, tuple(x.shape))
            made = layer(x)
            if part.roles and not built:
                layer.set_weights(read_arrays(self._store, node, places, part))
            return made
        except (ValueError, TypeError, ZeroDivisionError, IndexError) as error:
            raise CheckpointError(
                f"Layer {node.name!r} ({node.registered}) cannot be built: "
                f"{first_line(error)}"
            ) from error

    def _made(self, node: Node, parts: list[Part], shared: bool) -> list[Any]:
        """Return the layers, the same ones for the second call of a layer."""
        from imgan.layers.named import make_layer

        text = json.dumps([[part.kind, dict(part.config)] for part in parts])
        key = (node, text)
        if shared and key in self._layers:
            return self._layers[key]
        try:
            layers = [
                make_layer(part.kind, dict(part.config), self._name(node), "float32")
                for part in parts
            ]
        except ValueError as error:
            raise CheckpointError(
                f"Layer {node.name!r} ({node.registered}) cannot be built: "
                f"{first_line(error)}"
            ) from error
        self._layers[key] = layers
        return layers

    def _name(self, node: Node) -> str:
        """Return a name that no other layer has."""
        name = stem = _clean(node.name) or "layer"
        count = 1
        while name in self._names:
            count += 1
            name = f"{stem}_{count}"
        self._names.add(name)
        return name


def _filled(item: Any, values: Sequence[Any], images: Any) -> Any:
    """Return an argument with results in the place of their numbers."""
    if isinstance(item, Result):
        return images if item.call < 0 else values[item.call]
    if isinstance(item, list):
        return [_filled(inner, values, images) for inner in item]
    return item


def _written(node: Node) -> dict[str, Any]:
    """Return the arguments of an operation that Keras 3 writes as a configuration."""
    if ".ops." not in node.module:
        return {}
    general = {"name", "trainable", *(() if node.kind == "Cast" else ("dtype",))}
    return {
        key: plain(value, node)
        for key, value in node.config.items()
        if key not in general
    }


def _clean(name: str) -> str:
    return re.sub(r"[^\w.]+", "_", name)[:200].strip("_")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()
