"""What a layer does whose code cannot be run: one of a few known operations, by name.

The code in a `Lambda` layer is never read as code. The user says what it does, in the
words of this file.
"""

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any

from imgan.errors import UsageError
from imgan.importing.keras2.parts import Part

OPERATIONS = (
    "depth_to_space:N",
    "space_to_depth:N",
    "clip:LOW:HIGH",
    "scale:FACTOR",
    "scale:FACTOR:OFFSET",
    "resize:N:nearest",
    "resize:N:bilinear",
    "reflect_pad:N",
    "zero_pad:N",
    "leaky_relu:SLOPE",
    "relu",
    "tanh",
    "sigmoid",
    "identity",
)
"""What may be said of a layer: `scale` is `FACTOR * x + OFFSET`."""

_HINTS = (
    "depth_to_space",
    "pixel_shuffle",
    "space_to_depth",
    "clip_by_value",
    "resize",
    "pad",
    "leaky_relu",
    "tanh",
    "sigmoid",
    "relu",
)


def parse_operation(text: str) -> list[Part]:
    """Return the layers of an operation as a user writes it.

    Raises:
        UsageError: If there is no such operation.
    """
    name, *values = text.strip().split(":")
    try:
        return _PARSERS[name](*values)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"There is no operation {text!r} for a layer; expected one of "
            f"{', '.join(OPERATIONS)}."
        ) from error


def hint(config: Mapping[str, Any]) -> str:
    """Return which known names occur in the code of a `Lambda`; "" for none.

    Only the bytes are searched: the code is neither loaded nor run.
    """
    function = config.get("function")
    if isinstance(function, dict):
        inner = function.get("config")
        function = inner.get("code") if isinstance(inner, dict) else None
    if isinstance(function, list) and function:
        function = function[0]
    if not isinstance(function, str):
        return ""
    try:
        code = base64.b64decode(function, validate=False)
    except (binascii.Error, ValueError):
        code = b""
    text = code + function.encode("utf-8", "replace")
    found = [name for name in _HINTS if name.encode() in text]
    return found[0] if found else ""


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _count(text: str, least: int = 1) -> int:
    value = int(text)
    if not least <= value <= 64:
        raise ValueError(text)
    return value


def _scale(factor: str, offset: str = "0") -> list[Part]:
    config = {"scale": _number(factor), "offset": _number(offset)}
    return [Part("Rescaling", config)]


def _resize(count: str, method: str = "nearest") -> list[Part]:
    return enlarge(_count(count), method)


def enlarge(count: int, method: str) -> list[Part]:
    """Return the layers of an enlargement by a whole number.

    Raises:
        ValueError: If it is neither by nearest nor bilinear interpolation.
    """
    if method not in ("nearest", "bilinear"):
        raise ValueError(f"enlargement by {method!r} is not known")
    if count == 1:
        return []
    if method == "nearest":
        return [Part("UpSampling2D", {"size": [count, count]})]
    return [
        Part("BilinearPhases", {"scale": count}),
        Part("DepthToSpace", {"block_size": count}),
    ]


def _pad(kind: str, count: str) -> list[Part]:
    width = _count(count, 0)
    return [Part(kind, {"padding": [[width, width], [width, width]]})]


def _clip(low: str, high: str) -> list[Part]:
    if not _number(low) < _number(high):
        raise ValueError(f"{low}:{high}")
    return [Part("Clip", {"low": _number(low), "high": _number(high)})]


_PARSERS: dict[str, Any] = {
    "depth_to_space": lambda n: [Part("DepthToSpace", {"block_size": _count(n)})],
    "space_to_depth": lambda n: [Part("SpaceToDepth", {"block_size": _count(n)})],
    "clip": _clip,
    "scale": _scale,
    "resize": _resize,
    "reflect_pad": lambda n: _pad("ReflectionPadding2D", n),
    "zero_pad": lambda n: _pad("ZeroPadding2D", n),
    "leaky_relu": lambda a: [Part("LeakyReLU", {"negative_slope": _number(a)})],
    "relu": lambda: [Part("Activation", {"activation": "relu"})],
    "tanh": lambda: [Part("Activation", {"activation": "tanh"})],
    "sigmoid": lambda: [Part("Activation", {"activation": "sigmoid"})],
    "identity": lambda: [],
}
