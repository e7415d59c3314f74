"""A generator that was made elsewhere, given as the graph of its layers."""

import copy
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import keras

from imgan.layers.named import describe_layer
from imgan.layers.named import make_layer
from imgan.networks.base import Network
from imgan.networks.stepwise import calls

INPUT = "images"
"""Name of the input in a graph."""

_WEIGHTED = {
    "Conv2D",
    "Conv2DTranspose",
    "DepthwiseConv2D",
    "SeparableConv2D",
    "PaddedConv2D",
    "Dense",
}


@keras.saving.register_keras_serializable(package="imgan")
class ImportedGenerator(Network):
    """A generator built from a graph of layers in plain JSON.

    A graph is a dictionary of `channels`, those of the input; `layers`, in an order
    in which each comes after its inputs; and `output`, the name of the last one. A
    layer is a dictionary of `name`, `class` and `config` (see `imgan.layers.named`),
    and `inputs`, names of layers or "images". A second call of a layer has `shared`,
    the name of that layer, in place of `class` and `config`.

    What computes with the first and the last kernels, before the first and after the
    last is float32 under any precision.

    Args:
        graph: As above; `describe_graph` makes it from a model.
        input_range: Smallest and largest value of the pictures it is given.
        output_range: Smallest and largest value of the pictures it makes.
        scale: Ratio of output to input size.
        size_multiple: Heights and widths that it takes are multiples of this.
        minimum_size: Shortest height and width that it takes.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        images: `(batch, height, width, channels)` float32 in `input_range`.

    Returns:
        `(batch, scale * height, scale * width, output channels)` float32, in
        `output_range` as far as the graph keeps to it.

    Raises:
        ValueError: If the graph is not one, or holds a layer that is not known.
    """

    def __init__(
        self,
        *,
        graph: Mapping[str, Any],
        input_range: Sequence[float] = (0.0, 1.0),
        output_range: Sequence[float] = (0.0, 1.0),
        scale: int = 1,
        size_multiple: int = 1,
        minimum_size: int = 1,
        dtype: str | None = None,
        name: str | None = "imported_generator",
    ) -> None:
        inputs, outputs = build_graph(graph, (None, None), dtype)

        # === Config ===
        arguments = {
            "graph": _copied(graph),
            "input_range": list(_range(input_range, "input_range")),
            "output_range": list(_range(output_range, "output_range")),
            "scale": scale,
            "size_multiple": size_multiple,
            "minimum_size": minimum_size,
            "dtype": dtype,
        }
        super().__init__(inputs, outputs, arguments=arguments, name=name)
        # Of the instance: networks of one paper have theirs with the class.
        self.input_range = _range(input_range, "input_range")  # type: ignore[misc]
        self.output_range = _range(output_range, "output_range")  # type: ignore[misc]

    @property
    def scale(self) -> int:
        """Ratio of output to input size."""
        return int(self._arguments["scale"])

    @property
    def size_multiple(self) -> int:
        """Heights and widths that the network takes are multiples of this."""
        return int(self._arguments["size_multiple"])

    @property
    def minimum_size(self) -> int:
        """Shortest height and width that the network takes, besides `size_multiple`."""
        return int(self._arguments["minimum_size"])

    def get_config(self) -> dict[str, Any]:
        """Return exactly the constructor's arguments."""
        return {**_copied(self._arguments), "name": self.name}


def build_graph(
    graph: Mapping[str, Any], sides: tuple[int | None, int | None], dtype: Any
) -> tuple[Any, Any]:
    """Return the symbolic input and output of a graph.

    Args:
        graph: See `ImportedGenerator`.
        sides: Height and width of the input; None: any.
        dtype: Keras dtype policy of what is between the first and the last kernel.

    Raises:
        ValueError: If the graph is not one, or holds a layer that is not known.
    """
    try:
        entries = list(graph["layers"])
        tensors = {INPUT: keras.Input((*sides, int(graph["channels"])), name=INPUT)}
        layers: dict[str, Any] = {}
        for entry, policy in zip(entries, _policies(entries, dtype), strict=True):
            name = str(entry["name"])
            if name in tensors:
                raise ValueError(f"two layers are named {name!r}")
            if "shared" in entry:
                layer = layers[entry["shared"]]
            else:
                config = entry.get("config", {})
                layer = make_layer(entry["class"], config, name, policy)
                layers[name] = layer
            given = [tensors[source] for source in entry["inputs"]]
            tensors[name] = layer(given[0] if len(given) == 1 else given)
        return tensors[INPUT], tensors[graph["output"]]
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            "graph must have channels, layers and output, and each layer name, class, "
            f"config and inputs. Received: {type(error).__name__} {error}"
        ) from error


def describe_graph(model: keras.Model) -> dict[str, Any]:
    """Return the graph of a functional model as plain JSON.

    Args:
        model: With one input and one output, of layers in `imgan.layers.named`.

    Raises:
        ValueError: If it has more inputs or outputs, or holds another layer.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"{model.name} must have one input and one output. Received: "
            f"{len(model.inputs)} and {len(model.outputs)}"
        )
    names = {id(model.inputs[0]): INPUT}
    entries: list[dict[str, Any]] = []
    first_calls: set[str] = set()
    for node in calls(model):
        layer = node.operation
        name = layer.name
        if name in first_calls:
            name = f"{layer.name}_call_{len(entries)}"
            entry: dict[str, Any] = {"name": name, "shared": layer.name}
        else:
            kind, config = describe_layer(layer)
            entry = {"name": name, "class": kind, "config": config}
            first_calls.add(name)
        entry["inputs"] = [names[id(tensor)] for tensor in node.input_tensors]
        entries.append(entry)
        names[id(node.output_tensors[0])] = name
    return {
        "channels": model.inputs[0].shape[-1],
        "layers": entries,
        "output": names[id(model.outputs[0])],
    }


def _policies(entries: Sequence[Any], dtype: Any) -> list[Any]:
    """Return the dtype policy of every layer."""
    weighted = [
        index for index, entry in enumerate(entries) if entry.get("class") in _WEIGHTED
    ]
    if not weighted:
        return ["float32"] * len(entries)
    first, last = weighted[0], weighted[-1]
    return [
        dtype if first < index < last else "float32" for index in range(len(entries))
    ]


def _range(values: Sequence[float], name: str) -> tuple[float, float]:
    if len(values) != 2 or not values[0] < values[1]:
        raise ValueError(f"{name} must be two rising numbers. Received: {values}")
    return float(values[0]), float(values[1])


def _copied(value: Any) -> Any:
    """Return a copy in plain dictionaries and lists: Keras keeps kinds of its own."""
    if isinstance(value, Mapping):
        return {str(key): _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item) for item in value]
    return copy.copy(value)
