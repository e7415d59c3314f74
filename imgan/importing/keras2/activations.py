"""Activations of Keras 2, by name or as a layer, in terms of today's."""

from typing import Any

from imgan.importing.keras2.parts import Part
from imgan.importing.keras2.parts import unsupported

_RENAMED = {"swish": "silu", "lrelu": "leaky_relu", "linear": "linear"}
_LAYERS = ("ReLU", "LeakyReLU", "ELU")


def activation_parts(value: Any, *, modern: bool) -> list[Part]:
    """Return the layers of an activation; none for a linear one.

    Args:
        value: As a configuration holds it: a name, None, or a layer.
        modern: Whether Keras 3 wrote it.

    Raises:
        CheckpointError: If there is no such activation.
    """
    name, more = split_activation(value, modern=modern)
    first = [] if name == "linear" else [Part("Activation", {"activation": name})]
    return first + more


def split_activation(value: Any, *, modern: bool) -> tuple[str, list[Part]]:
    """Return the name of today's activation, and what it takes layers of its own for.

    Raises:
        CheckpointError: If there is no such activation.
    """
    from imgan.layers.named import ACTIVATIONS

    if isinstance(value, dict):
        kind, config = value.get("class_name"), value.get("config")
        if kind == "function" and isinstance(config, str):
            value = config
        elif kind in _LAYERS and isinstance(config, dict):
            return "linear", [_layer(kind, config)]
        else:
            raise unsupported(f"Activation {kind!r}")
    name = _RENAMED.get(value or "linear", value)
    if name == "hard_sigmoid":
        # Keras 2 and 3 give this name to different functions.
        scale = 1 / 6 if modern else 0.2
        ramp = Part("Rescaling", {"scale": scale, "offset": 0.5})
        return "linear", [ramp, Part("Clip", {"low": 0.0, "high": 1.0})]
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise unsupported(
            f"Activation {str(name)!r}",
            f"Known: {', '.join(sorted(ACTIVATIONS))}.",
        )
    return name, []


def _layer(kind: str, config: dict[str, Any]) -> Part:
    if kind == "LeakyReLU":
        slope = config.get("alpha", config.get("negative_slope", 0.3))
        return Part(kind, {"negative_slope": float(slope)})
    keys = ("max_value", "negative_slope", "threshold", "alpha")
    return Part(kind, {key: config[key] for key in keys if config.get(key)})
