"""A file that Keras saved, read into a functional model of known layers."""

from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imgan.errors import CheckpointError
from imgan.errors import did_you_mean
from imgan.errors import first_line
from imgan.importing.keras2.building import Builder
from imgan.importing.keras2.files import open_model
from imgan.importing.keras2.lambdas import OPERATIONS
from imgan.importing.keras2.lambdas import hint
from imgan.importing.keras2.lambdas import parse_operation
from imgan.importing.keras2.layers import is_known
from imgan.importing.keras2.layers import known_classes
from imgan.importing.keras2.parts import Part
from imgan.importing.keras2.tree import Node
from imgan.importing.keras2.tree import Plan
from imgan.importing.keras2.tree import read_plan
from imgan.importing.keras2.weights import locate

# Sides that are tried where a file names none: multiples of what networks divide by.
_TRIED = (3072, 6144)

_RECORDED = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")


def read_keras_model(path: Path, lambdas: Mapping[str, str] | None = None) -> Any:
    """Return a functional model in its inference form.

    Nothing in the file is run: classes are looked up in a table, and the code of
    `Lambda` layers is not read as code. Wrappers that normalise kernels are merged into
    them. The model takes pictures of any size, unless a layer needs one.

    Args:
        path: `.h5` or `.keras` of Keras 2, or `.keras` of Keras 3.
        lambdas: What a layer does whose class cannot be known, by the layer's name, for
            instance `{"lambda_3": "depth_to_space:2"}`; see `lambdas.OPERATIONS`.

    Raises:
        CheckpointError: If the file is damaged, holds no configuration, or holds
            layers that are not known.
        UsageError: If `lambdas` names no operation.
    """
    given = {name: parse_operation(text) for name, text in (lambdas or {}).items()}
    path = Path(path)
    try:
        file = open_model(path)
        plan = read_plan(file.config)
        _check_lambdas(plan, given)
        _refuse_unknown(plan, given)
        builder = Builder(plan, file.store, locate(file, plan.root), given)
        return _any_size(builder, plan)
    except CheckpointError as error:
        text = str(error)
        if text.startswith(str(path)):
            raise
        raise CheckpointError(f"{path}: {text}") from error
    except _DAMAGE as error:
        raise CheckpointError(f"{path} is damaged: {first_line(error)}.") from error


_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a configuration raises that names, nests or counts what no network does."""


def _any_size(builder: Builder, plan: Plan) -> Any:
    """Return the model with dynamic sides, or that of the file where it has to be."""
    from imgan.networks.imported import describe_graph

    height, width, channels = plan.input_shape
    if height is None and width is None and not _has_sizes(plan):
        return builder.build((None, None, channels))
    sides = (height or _TRIED[0], width or _TRIED[0])
    model = builder.build((*sides, channels))
    try:
        graph = describe_graph(model)
        if None in (height, width) and _has_sizes(plan):
            other = builder.build((height or _TRIED[1], width or _TRIED[1], channels))
            if describe_graph(other) != graph:
                raise ValueError("sizes are written into it")
        return builder.any_size(model, graph)
    except ValueError as error:
        if None in (height, width):
            raise CheckpointError(f"{model.name} cannot be read: {error}.") from error
        return model


def _has_sizes(plan: Plan) -> bool:
    """Whether functions may compute with sizes, or layers need to know them."""
    kinds = {leaf.kind for leaf in plan.root.leaves()}
    calls = any(_is_operation(leaf) for leaf in plan.root.leaves())
    return calls or bool(kinds & {"Flatten", "Reshape", "PReLU"})


def _check_lambdas(plan: Plan, given: Mapping[str, list[Part]]) -> None:
    names = {leaf.name for leaf in plan.root.leaves()}
    for name in given:
        if name not in names:
            raise CheckpointError(
                f"There is no layer {name!r}, which --lambda names."
                f"{did_you_mean(name, names)}"
            )


def _refuse_unknown(plan: Plan, given: Mapping[str, list[Part]]) -> None:
    """Refuse all layers that are not known in one message."""
    unknown = {
        leaf.name: leaf
        for leaf in plan.root.leaves()
        if leaf.name not in given and not (is_known(leaf) or _is_operation(leaf))
    }
    codes = [leaf for leaf in unknown.values() if leaf.kind == "Lambda"]
    others = [leaf for leaf in unknown.values() if leaf.kind != "Lambda"]
    if others:
        names = ", ".join(f"{leaf.name!r} ({leaf.registered})" for leaf in others[:5])
        raise CheckpointError(
            f"layers of classes that are not known: {names}."
            f"{did_you_mean(others[0].kind, known_classes())} Known are Keras' own "
            "layers for pictures and those of tensorflow-addons. If one has no weights "
            f"and does one of {', '.join(OPERATIONS)}, say so by --lambda "
            "NAME=OPERATION."
        )
    if codes:
        names = ", ".join(f"{leaf.name!r}{_hinted(leaf)}" for leaf in codes[:5])
        raise CheckpointError(
            f"the code of Lambda layers is not run: {names}. Say what each does by "
            f"--lambda NAME=OPERATION, one of {', '.join(OPERATIONS)}; for instance "
            f"--lambda {_example(codes)}."
        )


def _is_operation(node: Node) -> bool:
    return node.kind in _RECORDED or ".ops." in node.module


def _hinted(node: Node) -> str:
    found = hint(node.config)
    return f" (its code names {found})" if found else ""


def _example(nodes: Sequence[Node]) -> str:
    """Return what may be said of the first layer of which something can be guessed."""
    for node in nodes:
        found = hint(node.config)
        for operation in OPERATIONS:
            if found and found in operation.partition(":")[0]:
                return f"{node.name}={operation.replace('N', '2', 1)}"
    return f"{nodes[0].name}=scale:FACTOR"
