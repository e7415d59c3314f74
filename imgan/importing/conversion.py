"""A plan and tensors become a network, or an error that shows both sides."""

import difflib
import re
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from imgan import families
from imgan.errors import CheckpointError
from imgan.importing.architectures.shapes import described
from imgan.importing.parts import Shape
from imgan.importing.parts import Tensors
from imgan.importing.plan import Plan

_SHOWN = 6
"""Names of each kind that an error lists."""


def convert(plan: Plan, tensors: Tensors) -> Any:
    """Return the network with the checkpoint's weights.

    Args:
        plan: What the checkpoint is.
        tensors: float32, by name.

    Returns:
        A `Network` in its inference form, float32.

    Raises:
        CheckpointError: If tensors are missing, left over, of other shapes than the
            network wants, or not finite.
    """
    # What Keras remembers of weights without memory, it remembers for each thread: a
    # network that is refused is forgotten with this one.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_convert, plan, tensors).result()


def _convert(plan: Plan, tensors: Tensors) -> Any:
    import keras

    # No memory yet: a small file may say of itself that it is a huge network.
    with keras.StatelessScope(initialize_variables=False):
        network = _build(plan)
    layers = {layer.name: layer for layer in network.layers if layer.weights}
    own = {name: [tuple(w.shape) for w in layers[name].weights] for name in layers}
    _check(plan, tensors, own)
    # The end of a scope gives weights their memory.
    with keras.StatelessScope():
        pass
    for name, part in plan.parts.items():
        layers[name].set_weights(part.weights(tensors, own[name]))
    return network


def _build(plan: Plan) -> Any:
    """Return the network with any weights."""
    try:
        generator = families.resolve(families.get(plan.family).generator)
        return generator(**plan.arguments)
    except ValueError as error:
        raise CheckpointError(
            f"It looks like {_words(plan)}, which cannot be built: {error}"
        ) from error


def _check(plan: Plan, tensors: Tensors, own: Mapping[str, Sequence[Shape]]) -> None:
    """Raise CheckpointError unless the tensors are exactly what the network wants."""
    expected: dict[str, Shape] = {}
    for name, part in plan.parts.items():
        expected |= part.shapes(own[name])
    ignored = re.compile("|".join(f"(?:{pattern})" for pattern in plan.ignored) or "$.")
    extra = [k for k in tensors if k not in expected and not ignored.fullmatch(k)]
    missing = [key for key in expected if key not in tensors]
    if missing or extra:
        raise CheckpointError(_mismatch(plan, missing, extra, expected, tensors))
    for key, shape in expected.items():
        received = tuple(tensors[key].shape)
        if received != shape:
            raise CheckpointError(
                f"{_words(plan)}: the tensor {key!r} must have the shape {shape}. "
                f"Received: {received}. {_among(expected, tensors)}"
            )
        if not np.isfinite(tensors[key]).all():
            raise CheckpointError(
                f"{_words(plan)}: the tensor {key!r} holds values that are not finite. "
                "The training that made it had failed, or the file is damaged"
            )


def _mismatch(
    plan: Plan,
    missing: Sequence[str],
    extra: Sequence[str],
    expected: Mapping[str, Shape],
    tensors: Tensors,
) -> str:
    lines = [
        f"It looks like {_words(plan)}, but its tensors are not all of that one's."
    ]
    if missing:
        shapes = [described(key, expected[key]) for key in missing]
        lines.append(f"Missing ({len(missing)}): {_some(shapes)}.")
    if extra:
        shapes = [described(key, tensors[key].shape) for key in extra]
        lines.append(f"Not expected ({len(extra)}): {_some(shapes)}.")
    return " ".join([*lines, _guess(missing, extra, expected, tensors)])


def _guess(
    missing: Sequence[str],
    extra: Sequence[str],
    expected: Mapping[str, Shape],
    tensors: Tensors,
) -> str:
    """Return what the reason may be."""
    for key in missing:
        alike = [e for e in extra if tuple(tensors[e].shape) == expected[key]]
        near = difflib.get_close_matches(key, alike, n=1, cutoff=0.6)
        if near:
            return f"Perhaps {near[0]!r} is what is called {key!r} elsewhere."
    if missing and not extra:
        return "Perhaps the file was cut, or holds a part of the network."
    if extra and not missing:
        return "Perhaps it is a variant of the network with further layers."
    return "Perhaps it is another network with some names in common."


def _among(expected: Mapping[str, Shape], tensors: Tensors) -> str:
    wrong = sum(tuple(tensors[key].shape) != expected[key] for key in expected)
    return f"{wrong} of {len(expected)} tensors have other shapes than expected"


def _words(plan: Plan) -> str:
    name = families.get(plan.family).generator.partition(":")[2]
    arguments = ", ".join(f"{k}={v}" for k, v in plan.arguments.items())
    return f"{name}({arguments})"


def _some(words: Sequence[str]) -> str:
    more = len(words) - _SHOWN
    return ", ".join(words[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
