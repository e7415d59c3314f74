"""What each class of layer that a file may name becomes."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from imgan.errors import CheckpointError
from imgan.importing.keras2.activations import activation_parts
from imgan.importing.keras2.activations import split_activation
from imgan.importing.keras2.lambdas import enlarge
from imgan.importing.keras2.parts import Part
from imgan.importing.keras2.parts import unsupported
from imgan.importing.keras2.tree import Node
from imgan.importing.keras2.weights import WRAPPERS
from imgan.importing.keras2.weights import inner
from imgan.importing.keras2.weights import roles

# Arguments that a class had in Keras 2 and has now.
_CONV = (
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "dilation_rate",
    "groups",
    "use_bias",
)
_KEPT: dict[str, tuple[str, ...]] = {
    "Conv2D": _CONV,
    "Conv2DTranspose": (*_CONV[:5], "use_bias", "output_padding"),
    "DepthwiseConv2D": (*_CONV[1:5], "use_bias", "depth_multiplier"),
    "SeparableConv2D": (*_CONV[:5], "use_bias", "depth_multiplier"),
    "Dense": ("units", "use_bias"),
    "BatchNormalization": ("axis", "epsilon", "center", "scale"),
    "LayerNormalization": ("axis", "epsilon", "center", "scale"),
    "PReLU": ("shared_axes",),
    "ELU": ("alpha",),
    "Softmax": ("axis",),
    "Add": (),
    "Subtract": (),
    "Multiply": (),
    "Average": (),
    "Maximum": (),
    "Minimum": (),
    "Concatenate": ("axis",),
    "ZeroPadding2D": ("padding",),
    "Cropping2D": ("cropping",),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "AveragePooling2D": ("pool_size", "strides", "padding"),
    "GlobalAveragePooling2D": ("keepdims",),
    "GlobalMaxPooling2D": ("keepdims",),
    "Flatten": (),
    "Reshape": ("target_shape",),
    "Rescaling": ("scale", "offset"),
    "Dropout": ("rate",),
    "SpatialDropout2D": ("rate",),
    "GaussianNoise": ("stddev",),
    "GaussianDropout": ("rate",),
    # Of this package: in files that were written by imgan.
    "DepthToSpace": ("block_size",),
    "SpaceToDepth": ("block_size",),
    "ScaledSum": ("scale",),
    "BilinearPhases": ("scale",),
}

_SHUFFLES = {
    "PixelShuffle",
    "SubpixelConv2D",
    "SubPixelConv2D",
    "SubpixelConv",
    "Subpixel",
    "DepthToSpace",
}
_BLOCK = ("block_size", "scale", "upscale_factor", "scale_factor", "factor", "r")

# Nothing at inference.
_SILENT = {"AlphaDropout", "ActivityRegularization", "Identity"}


def layer_parts(node: Node, options: Mapping[str, Any], *, modern: bool) -> list[Part]:
    """Return the layers that a layer of a file becomes.

    Args:
        node: The layer.
        options: Arguments of the call by name.
        modern: Whether Keras 3 wrote the file, where some names mean something else.

    Raises:
        CheckpointError: If the class is not known, or an argument of it.
    """
    _refuse_channels_first(node)
    # What is frozen normalises by what it has learnt, however it is called.
    training = options.get("training") is True and node.config.get("trainable", True)
    if node.kind == "BatchNormalization" and training:
        return [_normalized_by_picture(node)]
    if node.kind in WRAPPERS:
        return _wrapped(node, modern)
    maker = _MAKERS.get(node.kind)
    if maker is not None:
        return maker(node.config, node)
    if node.kind in _SILENT:
        return []
    if node.kind == "Activation":
        return activation_parts(node.config.get("activation"), modern=modern)
    if node.kind in _KEPT:
        return _kept(node, modern)
    raise unsupported(f"Layer {node.name!r} of class {node.registered}")


def is_known(node: Node) -> bool:
    """Whether the class of a layer is in the tables."""
    known = node.kind in {*_KEPT, *_MAKERS, *_SILENT, *WRAPPERS}
    return known or node.kind in ("Activation", "InputLayer")


def known_classes() -> list[str]:
    """Return the names of all classes that are read."""
    addons = {"InstanceNormalization", *WRAPPERS}
    names = {*_KEPT, *_MAKERS, *_SILENT, *WRAPPERS, "Activation"} - addons
    return sorted(names) + [f"Addons>{name}" for name in sorted(addons)]


def _kept(node: Node, modern: bool) -> list[Part]:
    config = {
        key: plain(node.config[key], node)
        for key in _KEPT[node.kind]
        if node.config.get(key) is not None
    }
    if node.kind == "BatchNormalization" and isinstance(config.get("axis"), list):
        config["axis"] = config["axis"][0]
    if node.config.get("renorm") and not modern:
        raise unsupported(f"renorm=True of layer {node.name!r}")
    activation, more = split_activation(node.config.get("activation"), modern=modern)
    if activation != "linear":
        config["activation"] = activation
    trained, others = roles(node)
    return [Part(node.kind, config, (*trained, *others)), *more]


def _wrapped(node: Node, modern: bool) -> list[Part]:
    """Return the layer in a wrapper, for which the kernel is merged."""
    held = inner(node)
    if held.kind not in ("Conv2D", "Conv2DTranspose", "Dense", "DepthwiseConv2D"):
        raise unsupported(f"{node.registered} around {held.kind} ({node.name!r})")
    _refuse_channels_first(held)
    return _kept(held, modern)


def _normalized_by_picture(node: Node) -> Part:
    """Batch normalisation that is called as in training, for a batch of one picture."""
    affine = tuple(roles(node)[0])
    return Part("GroupNormalization", {**_affine(node.config), "groups": -1}, affine)


def _affine(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "epsilon": float(config.get("epsilon", 1e-3)),
        "center": bool(config.get("center", True)),
        "scale": bool(config.get("scale", True)),
    }


def _group_norm(config: Mapping[str, Any], node: Node) -> list[Part]:
    instance = node.kind == "InstanceNormalization"
    if instance and "groups" not in config:
        raise unsupported(
            f"Layer {node.name!r} of class {node.registered}, which is not the one of "
            "tensorflow-addons,",
        )
    if config.get("axis", -1) not in (-1, 3):
        raise unsupported(f"axis={config['axis']} of layer {node.name!r}")
    groups = -1 if instance else int(config.get("groups", 32))
    made = {**_affine(config), "groups": groups}
    return [Part("GroupNormalization", made, tuple(roles(node)[0]))]


def _relu(config: Mapping[str, Any], node: Node) -> list[Part]:
    keys = ("max_value", "negative_slope", "threshold")
    return [Part("ReLU", {key: config[key] for key in keys if config.get(key)})]


def _leaky_relu(config: Mapping[str, Any], node: Node) -> list[Part]:
    slope = config.get("alpha", config.get("negative_slope", 0.3))
    return [Part("LeakyReLU", {"negative_slope": float(slope)})]


def _upsampling(config: Mapping[str, Any], node: Node) -> list[Part]:
    size = config.get("size", 2)
    rows, columns = (size, size) if isinstance(size, int) else size
    method = config.get("interpolation", "nearest")
    if rows == columns:
        try:
            return enlarge(int(rows), method)
        except ValueError as error:
            raise unsupported(f"interpolation={method!r} of {node.name!r}") from error
    if method != "nearest":
        raise unsupported(f"size={size} of {node.name!r} with interpolation={method!r}")
    return [Part("UpSampling2D", {"size": [int(rows), int(columns)]})]


def _reflection(config: Mapping[str, Any], node: Node) -> list[Part]:
    """The layer that CycleGANs define for themselves, known by its `padding`."""
    padding = pads = plain(config.get("padding"), node)
    if isinstance(pads, int):
        pads = [pads, pads]
    # Which comes first, rows or columns, differs from author to author.
    if isinstance(pads, list) and len(pads) == 2 and pads[0] == pads[1]:
        pads = [[side, side] if isinstance(side, int) else side for side in pads]
    numbers = (
        [number for pair in pads for number in pair]
        if isinstance(pads, list) and all(isinstance(pair, list) for pair in pads)
        else []
    )
    if len(numbers) != 4 or not all(isinstance(number, int) for number in numbers):
        raise unsupported(
            f"Layer {node.name!r} of class {node.registered} with padding={padding}",
            f"If it mirrors, say so by --lambda {node.name}=reflect_pad:N.",
        )
    return [Part("ReflectionPadding2D", {"padding": pads})]


def _shuffle(config: Mapping[str, Any], node: Node) -> list[Part]:
    found = [config[key] for key in _BLOCK if isinstance(config.get(key), int)]
    if len(found) != 1:
        raise unsupported(
            f"Layer {node.name!r} of class {node.registered}",
            f"If it turns channels into pixels, say so by --lambda {node.name}="
            "depth_to_space:N.",
        )
    return [Part("DepthToSpace", {"block_size": found[0]})]


_MAKERS: dict[str, Callable[[Mapping[str, Any], Node], list[Part]]] = {
    "GroupNormalization": _group_norm,
    "InstanceNormalization": _group_norm,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "UpSampling2D": _upsampling,
    "ReflectionPadding2D": _reflection,
    **dict.fromkeys(sorted(_SHUFFLES), _shuffle),
}


def _refuse_channels_first(node: Node) -> None:
    if node.config.get("data_format") == "channels_first":
        raise unsupported(
            f"Layer {node.name!r} with channels first",
            "Save the model with its channels last.",
        )


def plain(value: Any, node: Node) -> Any:
    """Return a value as plain JSON; Keras writes tuples and arrays as dictionaries.

    Raises:
        CheckpointError: If it is an object of another class.
    """
    if isinstance(value, dict):
        kind, inside = value.get("class_name"), value
        if kind == "__tuple__":
            return [plain(item, node) for item in inside.get("items", [])]
        if kind == "__numpy__" and isinstance(inside.get("config"), dict):
            return plain(inside["config"].get("value"), node)
        raise CheckpointError(f"Layer {node.name!r} has an argument of class {kind!r}.")
    if isinstance(value, list):
        return [plain(item, node) for item in value]
    return value
