"""The weights of the new layers: looked up, merged, and checked before use."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from imgan.errors import CheckpointError
from imgan.importing.keras2.parts import Part
from imgan.importing.keras2.store import Store
from imgan.importing.keras2.tree import Node
from imgan.importing.keras2.weights import Roles
from imgan.types import Array

# Of the function of TensorFlow that tensorflow-addons divides kernels with.
_TINY = 1e-12


def check_shapes(
    store: Store, node: Node, places: Roles, part: Part, shape: tuple[Any, ...]
) -> None:
    """Raise CheckpointError unless a layer's arrays have the shapes that it wants.

    Nothing is allocated: a layer's weights are made only after this.

    Args:
        store: The arrays of the file.
        node: The layer of the file.
        places: Where its arrays lie.
        part: What it becomes.
        shape: Of what the new layer is given.
    """
    wanted = _expected(part, shape)
    for role in part.roles:
        if role not in places:
            raise CheckpointError(
                f"Layer {node.name!r} ({node.registered}) has no {role} in the file."
            )
        found = store.shape(places[role])
        if found != wanted[role]:
            raise CheckpointError(
                f"Layer {node.name!r} ({node.registered}) wants a {role} of shape "
                f"{wanted[role]}; the file holds {found}."
            )


def read_arrays(store: Store, node: Node, places: Roles, part: Part) -> list[Array]:
    """Return the weights of a new layer, in its order.

    Kernels in wrappers are merged: `SpectralNormalization` keeps the divided kernel in
    the file, `WeightNormalization` direction and length.
    """
    values = {role: store.array(places[role]) for role in part.roles}
    if node.kind == "WeightNormalization":
        values["kernel"] = _merged(store, node, places, values["kernel"])
    return [values[role] for role in part.roles]


def _merged(store: Store, node: Node, places: Roles, kernel: Array) -> Array:
    if not bool(store.array(places["initialized"])):
        if node.config.get("data_init", True):
            raise CheckpointError(
                f"Layer {node.name!r} ({node.registered}) was never called, so that "
                "its weights are not the final ones; call the model once on a typical "
                "picture and save it again."
            )
        return kernel
    length = store.array(places["g"])
    if length.shape != kernel.shape[-1:]:
        raise CheckpointError(
            f"Layer {node.name!r} ({node.registered}) wants a g of shape "
            f"{kernel.shape[-1:]}; the file holds {length.shape}."
        )
    axes = tuple(range(kernel.ndim - 1))
    squared = np.square(kernel.astype(np.float64)).sum(axes)
    return (kernel / np.sqrt(np.maximum(squared, _TINY)) * length).astype(np.float32)


def _expected(part: Part, shape: tuple[Any, ...]) -> dict[str, tuple[Any, ...]]:
    """Return the shape of every array that a layer wants, for what it is given."""
    config, channels = part.config, shape[-1]
    if part.kind == "PReLU":
        shared = config.get("shared_axes") or []
        return {
            "alpha": tuple(
                1 if axis in shared else side for axis, side in enumerate(shape) if axis
            )
        }
    if part.kind in ("BatchNormalization", "LayerNormalization"):
        axes = config.get("axis", -1)
        axes = axes if isinstance(axes, list) else [axes]
        return dict.fromkeys(part.roles, tuple(shape[axis] for axis in axes))
    if part.kind == "GroupNormalization":
        return dict.fromkeys(part.roles, (channels,))
    return _expected_kernels(part.kind, config, channels)


def _expected_kernels(
    kind: str, config: Mapping[str, Any], channels: int
) -> dict[str, tuple[Any, ...]]:
    filters = config.get("filters", config.get("units"))
    size = config.get("kernel_size", 1)
    size = tuple(size) if isinstance(size, list) else (size, size)
    depth = config.get("depth_multiplier", 1)
    if kind == "Dense":
        return {"kernel": (channels, filters), "bias": (filters,)}
    if kind == "Conv2D":
        each = channels // max(1, config.get("groups", 1))
        return {"kernel": (*size, each, filters), "bias": (filters,)}
    if kind == "Conv2DTranspose":
        return {"kernel": (*size, filters, channels), "bias": (filters,)}
    if kind == "DepthwiseConv2D":
        kernel = (*size, channels, depth)
        return {
            "depthwise_kernel": kernel,
            "kernel": kernel,
            "bias": (channels * depth,),
        }
    return {
        "depthwise_kernel": (*size, channels, depth),
        "pointwise_kernel": (1, 1, channels * depth, filters),
        "bias": (filters,),
    }
