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

MODELS = {"Functional", "Model", "Sequential"}
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
            name = _flat_references(first.config["input_layers"])[0][0]
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


def _unfold(node: Node, given: Sequence[Any], calls: list[Call]) -> list[Any]:
    """Append the calls of a model's layers; return its outputs."""
    if node.kind == "Sequential":
        for child in node.children:
            if child.kind != "InputLayer":
                given = _call(child, list(given), {}, calls)
        return list(given)
    return _Unfolding(node, given, calls).outputs()


def _call(
    node: Node, arguments: list[Any], options: dict[str, Any], calls: list[Call]
) -> list[Any]:
    if node.kind in MODELS:
        flat = [
            item
            for argument in arguments
            for item in (argument if isinstance(argument, list) else [argument])
        ]
        return _unfold(node, flat, calls)
    if len(calls) >= _MOST_LAYERS:
        raise CheckpointError("The model calls too many layers.")
    calls.append(Call(node, arguments, options))
    return [Result(len(calls) - 1)]


class _Unfolding:
    """Calls the layers of a functional model, each as soon as what it takes is there.

    Args:
        model: The model.
        given: What it is called with.
        calls: Where calls are appended.
    """

    def __init__(self, model: Node, given: Sequence[Any], calls: list[Call]) -> None:
        self._model, self._calls = model, calls
        self._made: dict[tuple[str, int, int], Any] = {}
        self._children = {child.name: child for child in model.children}
        names = _flat_references(model.config["input_layers"])
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
        wanted = _flat_references(self._model.config["output_layers"])
        return [self._made[self._key(reference)] for reference in wanted]

    def _key(self, reference: Sequence[Any]) -> tuple[str, int, int]:
        name, index, tensor = str(reference[0]), int(reference[1]), int(reference[2])
        # The first call of a model is that with its own input.
        inner = self._children[name].kind in MODELS
        return name, index - 1 if inner and index else index, tensor

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
        key = self._key(reference)
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


def _flat_references(value: Any) -> list[Any]:
    """Return references as a list: Keras 3 writes a single one bare."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return list(value)
