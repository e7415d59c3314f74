"""The layers of a configuration, as Keras 2 or Keras 3 wrote it, as one flat list.

Models inside models are unfolded: what is called is layers alone. Nothing of the
configuration is interpreted beyond which layer is called with which results.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from imgan.errors import CheckpointError
from imgan.importing.keras2.references import flat_references
from imgan.importing.keras2.references import key_of
from imgan.importing.keras2.references import numbers_of_calls

MODELS = {"Functional", "Model", "Sequential"}
_TRAINED = {*MODELS, "BatchNormalization"}
"""Classes that are read otherwise where they are called as in training."""
_DEEPEST = 16
_MOST_LAYERS = 4_000


@dataclass(frozen=True)
class Result:
    """What the call of that number returns; -1: the input of the whole model."""

    call: int


@dataclass(eq=False)
class Node:
    """A layer, or a model of layers.

    `kind` is the class without its package, `registered` the name with it. `children`
    is empty but for models.
    """

    kind: str
    registered: str
    name: str
    config: dict[str, Any]
    children: list["Node"] = field(default_factory=list)
    inbound: list[Any] = field(default_factory=list)
    build_shape: Any = None
    module: str = ""

    def leaves(self) -> Iterator["Node"]:
        """The layers inside, in the order of the configuration."""
        if self.kind not in MODELS:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    `arguments` are the positional ones: results, lists of them, or constants; `options`
    those by name.
    """

    node: Node
    arguments: list[Any]
    options: dict[str, Any]


@dataclass
class Plan:
    """A model as the calls of its layers, with the one result that is its output."""

    root: Node
    calls: list[Call]
    output: Any
    input_shape: tuple[int | None, ...]

    @property
    def modern(self) -> bool:
        """Whether Keras 3 wrote it."""
        return any("batch_shape" in leaf.config for leaf in self.root.leaves())


def read_plan(config: Mapping[str, Any]) -> Plan:
    """Return the plan of a whole model.

    Raises:
        CheckpointError: If the configuration is not one of a model with one input and
            one output.
    """
    try:
        root = _node(config, 0)
        if root.kind not in MODELS:
            raise CheckpointError(
                f"The file holds a {root.registered}, whose layers are defined in "
                "Python alone; expected a functional or a Sequential model. Build the "
                "same network as a functional model, load the weights and save that."
            )
        calls: list[Call] = []
        outputs = _unfold(root, [Result(-1)], calls)
        if len(outputs) != 1:
            raise CheckpointError(
                f"{root.name} has {len(outputs)} outputs; expected one picture."
            )
        return Plan(root, calls, outputs[0], _input_shape(root))
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        RecursionError,
    ) as error:
        raise CheckpointError(
            "The configuration of the model is damaged: "
            f"{type(error).__name__} {str(error)[:80]}."
        ) from error


def _node(entry: Mapping[str, Any], depth: int) -> Node:
    if depth > _DEEPEST:
        raise CheckpointError(f"Models are nested more than {_DEEPEST} times.")
    kind = str(entry["class_name"])
    registered = str(entry.get("registered_name") or kind)
    short = kind.rpartition(">")[2]
    config = entry.get("config", {})
    if short == "Sequential" and isinstance(config, list):
        config = {"name": "sequential", "layers": config}
    name = str(entry.get("name") or config.get("name") or short)
    build = entry.get("build_config") or {}
    shape = config.get("build_input_shape") or build.get("input_shape")
    inbound = entry.get("inbound_nodes", [])
    module = str(entry.get("module") or "")
    node = Node(short, registered, name, config, [], inbound, shape, module)
    if short in MODELS:
        if "layers" not in config:
            raise CheckpointError(f"Model {name!r} lists no layers.")
        if len(config["layers"]) > _MOST_LAYERS:
            raise CheckpointError(f"Model {name!r} lists too many layers.")
        node.children = [_node(child, depth + 1) for child in config["layers"]]
    return node


def _input_shape(root: Node) -> tuple[int | None, ...]:
    """Return the shape of the input without the batch."""
    first = root
    while first.children:
        if first.kind == "Sequential":
            first = first.children[0]
        else:
            name = flat_references(first.config["input_layers"])[0][0]
            first = next(child for child in first.children if child.name == name)
    config = first.config
    shape = (
        config.get("batch_input_shape")
        or config.get("batch_shape")
        or (root.build_shape if root.kind == "Sequential" else None)
    )
    if shape is None:
        raise CheckpointError(
            f"{root.name} does not say what it takes; save it after it was called once."
        )
    sides = tuple(None if side is None else int(side) for side in shape[1:])
    if len(sides) != 3 or sides[2] is None:
        raise CheckpointError(
            f"{root.name} takes {tuple(shape)}; expected pictures (batch, height, "
            "width, channels) with known channels."
        )
    return sides


def _unfold(
    node: Node,
    given: Sequence[Any],
    calls: list[Call],
    training: bool | None = None,
) -> list[Any]:
    """Append the calls of a model's layers; return its outputs."""
    if node.kind == "Sequential":
        for child in node.children:
            if child.kind != "InputLayer":
                options = _handed_down(child, {}, training, wins=True)
                given = _call(child, list(given), options, calls)
        return list(given)
    return _Unfolding(node, given, calls, training).outputs()


def _handed_down(
    node: Node, options: dict[str, Any], training: bool | None, *, wins: bool
) -> dict[str, Any]:
    """Return options of a call with what the call of the model around it says.

    `wins`: even over what the call itself says.
    """
    if training is None or node.kind not in _TRAINED:
        return options
    if not wins and options.get("training") is not None:
        return options
    return {**options, "training": training}


def _call(
    node: Node, arguments: list[Any], options: dict[str, Any], calls: list[Call]
) -> list[Any]:
    if node.kind in MODELS:
        flat = [
            item
            for argument in arguments
            for item in (argument if isinstance(argument, list) else [argument])
        ]
        return _unfold(node, flat, calls, _training(node, options))
    if len(calls) >= _MOST_LAYERS:
        raise CheckpointError("The model calls too many layers.")
    calls.append(Call(node, arguments, options))
    return [Result(len(calls) - 1)]


def _training(node: Node, options: Mapping[str, Any]) -> bool | None:
    """Return the one option with which a model inside may be called."""
    for key, value in options.items():
        known = key == "training" and value is True
        if not (known or value is None or value is False):
            raise CheckpointError(
                f"Model {node.name!r} is called with {key}={str(value)[:60]}, which is "
                "not known here; expected training=True or False alone."
            )
    return options.get("training")


class _Unfolding:
    """Calls the layers of a functional model, each as soon as what it takes is there.

    Args:
        model: The model.
        given: What it is called with.
        calls: Where calls are appended.
        training: What the call of the model says of it; None: nothing.
    """

    def __init__(
        self,
        model: Node,
        given: Sequence[Any],
        calls: list[Call],
        training: bool | None,
    ) -> None:
        self._model, self._calls, self._training = model, calls, training
        self._made: dict[tuple[str, int, int], Any] = {}
        self._children = {child.name: child for child in model.children}
        self._first, self._first_output = _first_calls(model)
        names = flat_references(model.config["input_layers"])
        if len(names) != len(given):
            raise CheckpointError(
                f"{model.name} takes {len(names)} inputs; expected one picture."
            )
        for reference, value in zip(names, given, strict=True):
            self._made[(reference[0], 0, 0)] = value

    def outputs(self) -> list[Any]:
        waiting = [
            (child, index, inbound)
            for child in self._model.children
            for index, inbound in enumerate(child.inbound)
        ]
        while waiting:
            later = [item for item in waiting if not self._try(*item)]
            if len(later) == len(waiting):
                names = ", ".join(sorted({child.name for child, _, _ in later})[:3])
                raise CheckpointError(
                    f"Layers of {self._model.name} are given what nothing makes: "
                    f"{names}."
                )
            waiting = later
        wanted = flat_references(self._model.config["output_layers"])
        first = self._first_output
        return [self._made[key_of(reference, first)] for reference in wanted]

    def _try(self, child: Node, index: int, inbound: Any) -> bool:
        try:
            if isinstance(inbound, dict):
                arguments = [self._resolve_new(item) for item in inbound["args"]]
                options = {
                    key: self._resolve_new(value)
                    for key, value in inbound.get("kwargs", {}).items()
                }
            else:
                arguments, options = self._old(child, inbound)
            # In Keras 3 the call of the model wins, in Keras 2 that of the layer.
            options = _handed_down(
                child, options, self._training, wins=isinstance(inbound, dict)
            )
        except _NotYetError:
            return False
        for tensor, made in enumerate(_call(child, arguments, options, self._calls)):
            self._made[(child.name, index, tensor)] = made
        return True

    def _old(self, child: Node, inbound: Any) -> tuple[list[Any], dict[str, Any]]:
        """Arguments as Keras 2 writes them: `[name, call, result, options]` each."""
        single = bool(inbound) and isinstance(inbound[0], str)
        entries = [inbound] if single else inbound
        values, options = [], {}
        for entry in entries:
            more = entry[3] if len(entry) > 3 else {}
            options.update(
                {key: self._resolve_old(value) for key, value in more.items()}
            )
            if entry[0] == "_CONSTANT_VALUE":
                values.append(entry[2])
            else:
                values.append(self._result(entry))
        return [values[0] if len(values) == 1 else values], options

    def _result(self, reference: Sequence[Any]) -> Any:
        key = key_of(reference, self._first)
        if key not in self._made:
            raise _NotYetError
        return self._made[key]

    def _resolve_old(self, value: Any) -> Any:
        if isinstance(value, list):
            if (
                len(value) == 3
                and isinstance(value[0], str)
                and value[0] in self._children
                and all(isinstance(number, int) for number in value[1:])
            ):
                return self._result(value)
            if len(value) == 3 and value[0] == "_CONSTANT_VALUE":
                return value[2]
            return [self._resolve_old(item) for item in value]
        return value

    def _resolve_new(self, value: Any) -> Any:
        if isinstance(value, dict):
            if value.get("class_name") == "__keras_tensor__":
                return self._result(value["config"]["keras_history"])
            if value.get("class_name") == "__tuple__":
                return [self._resolve_new(item) for item in value["items"]]
            return {key: self._resolve_new(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolve_new(item) for item in value]
        return value


class _NotYetError(Exception):
    """What a layer is given is made by one that was not called yet."""


def _first_calls(model: Node) -> tuple[dict[str, int], dict[str, int]]:
    """Return the number of each layer's first call, for layers and for the output.

    A model may have a call before that one, with its own input. Keras 2 counts it for
    every model; Keras 3 for functional ones alone, and only in the model's outputs.
    """
    children = model.children
    if any(isinstance(call, dict) for child in children for call in child.inbound):
        functional = MODELS - {"Sequential"}
        counted = {child.name: int(child.kind in functional) for child in children}
        return dict.fromkeys(counted, 0), counted
    inbound = [child.inbound for child in children]
    outputs = flat_references(model.config["output_layers"])
    used = numbers_of_calls((child.name for child in children), [inbound, outputs])
    first = {child.name: _first_call(child, used[child.name]) for child in children}
    return first, first


def _first_call(child: Node, used: set[int]) -> int:
    """Return the number of a layer's first call in Keras 2, by the results in use."""
    count = len(child.inbound)
    if child.kind not in MODELS or not used:
        return 0
    # All calls are used, so the last one tells.
    if (0 in used) == (count in used):
        numbers = ", ".join(map(str, sorted(used)[:5]))
        raise CheckpointError(
            f"Model {child.name!r} is called {count} times, and its results number "
            f"{numbers} are used; expected 0 to {count - 1} or 1 to {count}."
        )
    return int(count in used)
