"""Layers by name: those that a graph written as plain JSON may hold.

Only names of this table become layers, and only numbers, texts and lists of them their
arguments, so that such a graph can run nothing but these.
"""

from typing import Any

import keras

from imgan.layers.bilinear import BilinearPhases
from imgan.layers.clip import Clip
from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.noise_dropout import NoiseDropout
from imgan.layers.padded_conv import PaddedConv2D
from imgan.layers.reflection_padding import ReflectionPadding2D
from imgan.layers.scaled_sum import ScaledSum
from imgan.layers.space_to_depth import SpaceToDepth

_KERAS = (
    "Conv2D",
    "Conv2DTranspose",
    "DepthwiseConv2D",
    "SeparableConv2D",
    "Dense",
    "BatchNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "Activation",
    "ReLU",
    "LeakyReLU",
    "PReLU",
    "ELU",
    "Softmax",
    "Add",
    "Subtract",
    "Multiply",
    "Average",
    "Maximum",
    "Minimum",
    "Concatenate",
    "UpSampling2D",
    "ZeroPadding2D",
    "Cropping2D",
    "MaxPooling2D",
    "AveragePooling2D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "Flatten",
    "Reshape",
    "Rescaling",
    "Dropout",
    "SpatialDropout2D",
    "GaussianNoise",
    "GaussianDropout",
)
_OWN = (
    BilinearPhases,
    Clip,
    DepthToSpace,
    NoiseDropout,
    PaddedConv2D,
    ReflectionPadding2D,
    ScaledSum,
    SpaceToDepth,
)

LAYERS: dict[str, Any] = {
    **{name: getattr(keras.layers, name) for name in _KERAS},
    **{kind.__name__: kind for kind in _OWN},
}
"""Class of a layer by its name."""

ACTIVATIONS = frozenset(
    {
        "linear",
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
        "silu",
        "mish",
        "tanh",
        "sigmoid",
        "softplus",
        "softsign",
        "softmax",
        "exponential",
    }
)
"""Names of activations, which mean the same in every Keras 3."""

# Arguments of training alone, or that are given elsewhere.
_LEFT_OUT = ("_initializer", "_regularizer", "_constraint")
_GIVEN = {
    "name",
    "dtype",
    "trainable",
    "activity_regularizer",
    "data_format",
    "momentum",
    "synchronized",
    # Not there in every Keras 3.
    "renorm",
    "renorm_momentum",
}


def describe_layer(layer: Any) -> tuple[str, dict[str, Any]]:
    """Return the name of a layer's class and its arguments as plain JSON.

    Raises:
        ValueError: If the table does not hold such a layer, or its arguments are not
            plain.
    """
    kind = type(layer).__name__
    if LAYERS.get(kind) is not type(layer):
        raise ValueError(f"layers of class {type(layer).__qualname__} are not known")
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise ValueError(f"layer {layer.name!r} has its channels first")
    config = {
        key: _plain(value)
        for key, value in layer.get_config().items()
        if key not in _GIVEN and not key.endswith(_LEFT_OUT) and value is not None
    }
    return kind, config


def make_layer(kind: str, config: dict[str, Any], name: str, dtype: Any) -> Any:
    """Return a layer, not yet built.

    Args:
        kind: Name of its class.
        config: Its arguments as plain JSON.
        name: Of the layer.
        dtype: Keras dtype policy.

    Raises:
        ValueError: If the class or the activation is not known, or an argument is not
            plain, or the layer does not take it.
    """
    if kind not in LAYERS:
        raise ValueError(f"layers of class {kind!r} are not known")
    activation = config.get("activation", "linear")
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation {activation!r} of {name!r} is not known")
    plain = {key: _plain(value) for key, value in config.items()}
    try:
        return LAYERS[kind](**plain, name=name, dtype=dtype)
    except TypeError as error:
        raise ValueError(f"layer {name!r} ({kind}): {error}") from error


def _plain(value: Any) -> Any:
    """Return numbers, texts and lists of them."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "tolist"):
        return value.tolist()
    raise ValueError(f"an argument is not plain: {type(value).__name__}")
