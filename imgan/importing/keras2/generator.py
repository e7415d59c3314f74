"""From a model of layers to a generator that a bundle can hold."""

import math
from collections.abc import Iterator
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from imgan.errors import CheckpointError
from imgan.importing.keras2.operations import BEYOND

_MOST = 128
"""Longest side that is tried, in units of the size that is a multiple of."""

_MOST_VALUES = 2**20
"""Most numbers for each pixel that a layer may make; usual ones make up to 2**14."""

_FIXED = ("Flatten", "Reshape", "GlobalAveragePooling2D", "GlobalMaxPooling2D")

# Ranges are passed on by these.
_PASSING = ("Clip", "Dropout", "Cropping2D", "DepthToSpace", "SpatialDropout2D")


def as_generator(
    model: Any,
    *,
    input_range: Sequence[float] | None = None,
    output_range: Sequence[float] | None = None,
) -> Any:
    """Return the generator of a functional model, with its weights.

    Args:
        model: As `read_keras_model` returns it.
        input_range: Of the pictures it is given. None: `(0, 255)` if it begins by
            rescaling those, else that of the output if it keeps the size and ends in
            tanh, else `(0, 1)`.
        output_range: Of the pictures it makes. None: `(-1, 1)` if it ends in tanh, what
            a last `Rescaling` of tanh or sigmoid makes of theirs, else `(0, 1)`.

    Returns:
        An `imgan.networks.imported.ImportedGenerator` of any size, float32.

    Raises:
        CheckpointError: If it does not make pictures of pictures, or not of any size.
    """
    from imgan.networks.imported import ImportedGenerator
    from imgan.networks.imported import describe_graph

    try:
        graph = describe_graph(model)
    except ValueError as error:
        raise CheckpointError(f"{model.name} cannot be a generator: {error}") from error
    _refuse_vectors(model)
    _refuse_fixed(model)
    scale = _scale(model)
    multiple = _size_multiple(model, scale)
    minimum = _minimum_size(model, scale, multiple)
    made = tuple(output_range or _output_range(graph))
    taken = tuple(input_range or _input_range(graph, made, scale))
    try:
        generator = ImportedGenerator(
            graph=graph,
            input_range=taken,
            output_range=made,
            scale=scale,
            size_multiple=multiple,
            minimum_size=minimum,
            dtype="float32",
            name=model.name,
        )
    except ValueError as error:
        raise CheckpointError(f"{model.name} cannot be a generator: {error}") from error
    for layer in model.layers:
        if layer.weights:
            generator.get_layer(layer.name).set_weights(layer.get_weights())
    return generator


def _refuse_vectors(model: Any) -> None:
    """Refuse what does not make a picture of any kind."""
    made = model.outputs[0].shape
    if len(made) != 4 or len(model.inputs[0].shape) != 4:
        raise CheckpointError(
            f"{model.name} is not a generator of pictures: it makes "
            f"{tuple(made)} of {tuple(model.inputs[0].shape)}; expected pictures "
            "(batch, height, width, channels) of pictures. A discriminator or a "
            "classifier cannot be imported; give the file of the generator."
        )


def _refuse_fixed(model: Any) -> None:
    if None not in model.inputs[0].shape[1:3]:
        kinds = (type(layer).__name__ for layer in model.layers)
        culprits = sorted(set(kinds) & set(_FIXED)) or ["a layer of fixed size"]
        raise CheckpointError(
            f"{model.name} is not a generator of pictures of any size: it takes "
            f"{tuple(model.inputs[0].shape[1:3])} alone, because of "
            f"{', '.join(culprits)}; expected a network of convolutions."
        )


def _shape(model: Any, side: int) -> tuple[int, int] | None:
    """Return the sides of the output for a square input; None: it takes no such."""
    from imgan.networks.stepwise import calls

    shapes: dict[int, Any] = {
        id(model.inputs[0]): (1, side, side, model.inputs[0].shape[-1])
    }
    for node in calls(model):
        given = [shapes[id(tensor)] for tensor in node.input_tensors]
        if len({shape[1:3] for shape in given if shape[1:3] != (1, 1)}) > 1:
            return None
        try:
            made = node.operation.compute_output_shape(
                given[0] if len(given) == 1 else given
            )
        except ValueError:
            return None
        made = tuple(made)
        if min(made[1:3], default=1) < 1:
            return None
        if math.prod(made) > _MOST_VALUES * side * side:
            raise CheckpointError(
                f"{model.name} makes {made} of a picture of {side}x{side} on the way, "
                f"larger than {_MOST_VALUES} numbers for each pixel."
            )
        shapes[id(node.output_tensors[0])] = made
    height, width = shapes[id(model.outputs[0])][1:3]
    return height, width


def _unit(model: Any) -> int:
    """Return by what sides are divided along the way, at most."""
    from imgan.networks.halo import gain_of
    from imgan.networks.stepwise import calls

    known = {id(model.inputs[0]): Fraction(1)}
    for node in calls(model):
        density = known[id(node.input_tensors[0])] * gain_of(node.operation)
        known[id(node.output_tensors[0])] = density
    return math.lcm(*(density.denominator for density in known.values()))


def _scale(model: Any) -> int:
    """Return the ratio of output to input size, found by trying."""
    unit = _unit(model)
    tried = {side: _shape(model, side) for side in (unit * (_MOST - 1), unit * _MOST)}
    ratios = {
        Fraction(made[0], side) if made and made[0] == made[1] else None
        for side, made in tried.items()
    }
    ratio = ratios.pop()
    if ratios or ratio is None or ratio.denominator != 1:
        side, made = next(iter(tried.items()))
        words = f"{made[0]}x{made[1]}" if made else "nothing"
        raise CheckpointError(
            f"{model.name} is not a generator: it makes {words} of a picture of "
            f"{side}x{side}; expected the same size or a whole multiple of it. It may "
            "be a discriminator; give the file of the generator."
        )
    return int(ratio)


def _fits(model: Any, side: int, scale: int) -> bool:
    return _shape(model, side) == (side * scale, side * scale)


def _size_multiple(model: Any, scale: int) -> int:
    """Return the smallest number whose multiples are sides that it takes."""
    unit = _unit(model)
    for candidate in (n for n in range(1, unit) if unit % n == 0):
        large = _MOST * unit
        if all(
            _fits(model, large + candidate * count, scale)
            for count in range(1, unit // candidate + 1)
        ):
            return candidate
    return unit


def _minimum_size(model: Any, scale: int, multiple: int) -> int:
    """Return the shortest side from which on it takes all multiples."""
    # What it takes at the smallest sizes it takes at all: trying has its cost.
    if all(_fits(model, multiple * count, scale) for count in (1, 2, 3)):
        return 1
    least = _MOST * multiple
    while least > multiple and _fits(model, least - multiple, scale):
        least -= multiple
    return 1 if least == multiple else least


def _chain(graph: dict[str, Any], *, backwards: bool) -> Iterator[dict[str, Any]]:
    """Layers one after the other, from the output or from the input."""
    by_name = {entry["name"]: entry for entry in graph["layers"]}
    if backwards:
        name = graph["output"]
        while name in by_name:
            yield by_name[name]
            name = by_name[name]["inputs"][0]
        return
    name = "images"
    while True:
        users = [entry for entry in graph["layers"] if name in entry["inputs"]]
        if len(users) != 1:
            return
        yield users[0]
        name = users[0]["name"]


def _output_range(graph: dict[str, Any]) -> tuple[float, float]:
    """Return what the last activation, and what follows it, say."""
    changes: list[tuple[float, float]] = []
    lowest, highest = -BEYOND, BEYOND
    for entry in _chain(graph, backwards=True):
        kind, config = entry.get("class"), entry.get("config", {})
        activation = config.get("activation", "linear")
        if activation in ("tanh", "sigmoid"):
            low, high = (-1.0, 1.0) if activation == "tanh" else (0.0, 1.0)
            for scale, offset in reversed(changes):
                low, high = sorted((low * scale + offset, high * scale + offset))
            return low, high
        if kind == "Rescaling" and _is_number(config):
            changes.append((config["scale"], config.get("offset", 0.0)))
        elif kind == "Clip" and not changes:
            lowest, highest = max(lowest, config["low"]), min(highest, config["high"])
        elif kind not in _PASSING and (kind, activation) != ("Activation", "linear"):
            break
    if -BEYOND < lowest < highest < BEYOND:
        return lowest, highest
    # A network that ends by multiplying with 255 or 127.5 makes values up to 255.
    scale = math.prod(scale for scale, _ in changes)
    return (0.0, 255.0) if scale in (127.5, 255.0) else (0.0, 1.0)


def _input_range(
    graph: dict[str, Any], made: Sequence[float], scale: int
) -> tuple[float, float]:
    """Return what the first `Rescaling` says, else guess by the output."""
    for entry in _chain(graph, backwards=False):
        kind, config = entry.get("class"), entry.get("config", {})
        if kind == "Rescaling":
            first = config["scale"]
            first = max(first) if isinstance(first, list) else first
            if first < 0.05:
                return (0.0, 255.0)
        elif kind not in ("ZeroPadding2D", "ReflectionPadding2D"):
            break
    if tuple(made) == (-1.0, 1.0) and scale == 1:
        return (-1.0, 1.0)
    return (0.0, 1.0)


def _is_number(config: dict[str, Any]) -> bool:
    return isinstance(config["scale"], int | float) and isinstance(
        config.get("offset", 0.0), int | float
    )
