"""Which arrays of a file belong to which layer.

In HDF5 files the arrays of each outermost layer are listed: those that are trained
first, in the order of the layers inside, then the others. Archives number the arrays of
each layer, and name layers by their class.
"""

import re
from collections.abc import Iterator
from typing import Any

from imgan.errors import CheckpointError
from imgan.importing.keras2.files import ModelFile
from imgan.importing.keras2.store import Store
from imgan.importing.keras2.tree import MODELS
from imgan.importing.keras2.tree import Node

Roles = dict[str, str]
"""Where each array of a layer lies in the file, by what it is to the layer."""

WRAPPERS = {"SpectralNormalization", "WeightNormalization"}

_NORMS = {"GroupNormalization", "InstanceNormalization", "LayerNormalization"}


def inner(node: Node) -> Node:
    """Return the layer that a wrapper holds."""
    entry = node.config.get("layer")
    if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
        raise CheckpointError(f"Layer {node.name!r} wraps nothing.")
    kind = str(entry.get("class_name"))
    return Node(
        kind.rpartition(">")[2],
        str(entry.get("registered_name") or kind),
        str(entry["config"].get("name", kind)),
        entry["config"],
    )


def roles(node: Node) -> tuple[list[str], list[str]]:
    """Return what arrays a layer has, those that are trained and the others."""
    kind, config = node.kind, node.config
    bias = ["bias"] if config.get("use_bias", True) else []
    if kind in ("Conv2D", "Conv2DTranspose", "Dense"):
        return ["kernel", *bias], []
    if kind == "DepthwiseConv2D":
        return ["depthwise_kernel", *bias], []
    if kind == "SeparableConv2D":
        return ["depthwise_kernel", "pointwise_kernel", *bias], []
    if kind == "PReLU":
        return ["alpha"], []
    if kind == "WeightNormalization":
        trained, _ = roles(inner(node))
        clone = [f"clone_{role}" for role in trained] if _data_init(node) else []
        return ["g", *trained], ["initialized", *clone]
    if kind == "SpectralNormalization":
        return roles(inner(node))[0], ["sn_u"]
    affine = [
        role
        for role, key in (("gamma", "scale"), ("beta", "center"))
        if config.get(key, True)
    ]
    if kind == "BatchNormalization":
        return affine, ["moving_mean", "moving_variance"]
    return (affine, []) if kind in _NORMS else ([], [])


def locate(file: ModelFile, root: Node) -> dict[Node, Roles]:
    """Return where the arrays of every layer lie.

    Raises:
        CheckpointError: If there are too few or too many.
    """
    if file.layout == "HDF5":
        return dict(_in_hdf5(file.store, root))
    return dict(_in_archive(file.store, root, ""))


def _in_hdf5(store: Store, root: Node) -> Iterator[tuple[Node, Roles]]:
    top = "model_weights" if store.has("model_weights") else ""
    for child in root.children:
        group = f"{top}/{child.name}"
        names = store.names(group, "weight_names") or []
        paths = [f"{group}/{name}" for name in names]
        leaves = list(child.leaves())
        expected = list(_in_order(leaves))
        if len(expected) != len(paths):
            raise CheckpointError(
                f"Layer {child.name!r} ({child.registered}) has {len(paths)} arrays in "
                f"the file; expected {len(expected)}"
                f"{_listed(role for _, role in expected)}."
            )
        found: dict[Node, Roles] = {leaf: {} for leaf in leaves}
        for (leaf, role), path in zip(expected, paths, strict=True):
            found[leaf][role] = path
        yield from found.items()


def _in_order(leaves: list[Node]) -> Iterator[tuple[Node, str]]:
    """Arrays of a group as Keras lists them: trained ones, then all others."""
    fixed = {leaf for leaf in leaves if not leaf.config.get("trainable", True)}
    for leaf in leaves:
        if leaf not in fixed:
            yield from ((leaf, role) for role in roles(leaf)[0])
    for leaf in leaves:
        trained, others = roles(leaf)
        for role in (*(trained if leaf in fixed else ()), *others):
            yield leaf, role


def _in_archive(store: Store, model: Node, base: str) -> Iterator[tuple[Node, Roles]]:
    top = f"{base}/layers"
    if not base and not store.has(top):
        top = "_layer_checkpoint_dependencies"
    used: dict[str, int] = {}
    for child in model.children:
        group = _group(store, top, child, used)
        if child.kind in MODELS:
            yield from _in_archive(store, child, group)
        else:
            yield child, _numbered(store, child, group)


def _group(store: Store, top: str, child: Node, used: dict[str, int]) -> str:
    """Return the group of a layer: its class in small letters, counted."""
    kind = child.kind if child.kind != "Model" else "Functional"
    snake = _snake(kind)
    count = used.get(snake, 0)
    used[snake] = count + 1
    return f"{top}/{snake}_{count}" if count else f"{top}/{snake}"


def _numbered(store: Store, node: Node, group: str) -> Roles:
    trained, others = roles(node)
    if node.kind in WRAPPERS:
        return _wrapped(store, node, group)
    paths = _variables(store, group)
    expected = [*trained, *others]
    if len(paths) != len(expected):
        raise CheckpointError(
            f"Layer {node.name!r} ({node.registered}) has {len(paths)} arrays in the "
            f"file; expected {len(expected)}{_listed(expected)}."
        )
    return dict(zip(expected, paths, strict=True))


def _wrapped(store: Store, node: Node, group: str) -> Roles:
    """Arrays of a wrapper, which lie partly with the layer that it holds."""
    own = _variables(store, group)
    inside = _variables(store, f"{group}/layer")
    found: Roles = {}
    # The bias is the layer's alone; the kernel may be listed twice.
    for path in inside:
        found["bias" if len(store.shape(path)) == 1 else "kernel"] = path
    for path in own:
        rank = len(store.shape(path))
        if node.kind == "SpectralNormalization":
            found["sn_u" if rank == 2 and "kernel" in found else "kernel"] = path
        else:
            found[{0: "initialized", 1: "g"}.get(rank, "kernel")] = path
    trained, others = roles(node)
    wanted = {*trained, *(role for role in others if not role.startswith("clone_"))}
    if set(found) != wanted:
        raise CheckpointError(
            f"Layer {node.name!r} ({node.registered}) has the arrays "
            f"{_listed(sorted(found))[2:]} in the file; expected "
            f"{_listed(sorted(wanted))[2:]}."
        )
    return found


def _variables(store: Store, group: str) -> list[str]:
    numbers = [name for name in store.members(f"{group}/vars") if name.isdecimal()]
    return [f"{group}/vars/{number}" for number in sorted(numbers, key=int)]


def _snake(name: str) -> str:
    """Return a class name as Keras writes it in archives."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _data_init(node: Node) -> bool:
    return bool(node.config.get("data_init", True))


def _listed(names: Any) -> str:
    text = ", ".join(names)
    return f": {text}" if text else ""
