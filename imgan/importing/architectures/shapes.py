"""Small questions about names and shapes that several architectures ask."""

import math
import re
from collections.abc import Iterable

from imgan.errors import CheckpointError
from imgan.importing.parts import Shape
from imgan.importing.parts import Tensors

_MOST_DIGITS = 3
"""Of the number of a layer in its name."""

_LONGEST = 80
"""Characters of a name in an error."""

_MOST_LAYERS = 200
"""In a row; the networks that are published have less than a hundred."""


def described(name: str, shape: Shape) -> str:
    """Return the name of a tensor and its shape, cut to what an error can show."""
    return f"{name[:_LONGEST]} {tuple(shape)}"


def has(tensors: Tensors, *names: str) -> bool:
    """Return whether all of these tensors are there."""
    return all(name in tensors for name in names)


def count(tensors: Tensors, pattern: str, start: int = 0) -> int:
    """Return how many numbers stand at the group of a pattern.

    Args:
        tensors: By name.
        pattern: Regular expression of the beginning of a name, with one group that
            matches digits.
        start: The first number.

    Returns:
        0 if no name begins so.

    Raises:
        CheckpointError: If numbers are left out, so that a file of a few tensors cannot
            ask for a network of thousands of layers.
    """
    numbers = numbers_of(tensors, pattern)
    if numbers != list(range(start, start + len(numbers))):
        left_out = next(n for n, m in enumerate(numbers, start) if n != m)
        raise CheckpointError(
            f"Tensors whose names begin like {pattern!r} must be numbered from {start} "
            f"without gaps. Received: no {left_out}, but {numbers[-1]}"
        )
    if len(numbers) > _MOST_LAYERS:
        raise CheckpointError(
            f"There may be at most {_MOST_LAYERS} layers in a row. Received: "
            f"{len(numbers)} whose names begin like {pattern!r}"
        )
    return len(numbers)


def numbers_of(tensors: Tensors, pattern: str) -> list[int]:
    """Return the numbers at the group of a pattern, each once and sorted.

    Raises:
        CheckpointError: If there are larger ones than any network has.
    """
    matches = (re.match(pattern, name) for name in tensors)
    digits = {match[1] for match in matches if match}
    long = [word for word in digits if len(word) > _MOST_DIGITS]
    if long:
        raise CheckpointError(
            "Layers must be numbered with at most three digits. Received a name with "
            f"{long[0][:20]}"
        )
    return sorted({int(word) for word in digits})


def shape_of(tensors: Tensors, name: str) -> Shape:
    """Return the shape of a tensor that tells what the network is.

    Raises:
        CheckpointError: If it is absent, or not of four axes.
    """
    if name not in tensors:
        raise CheckpointError(
            f"The tensor {name!r}, from which the network is recognised, is missing"
        )
    shape = tuple(tensors[name].shape)
    if len(shape) != 4 or 0 in shape:
        raise CheckpointError(
            f"The tensor {name!r} must have 4 axes, none of them empty. "
            f"Received: {shape}"
        )
    return shape


def square_root(number: int, what: str) -> int:
    """Return the root of a square number.

    Raises:
        CheckpointError: If it is none; says of `what`.
    """
    root = math.isqrt(number)
    if root * root != number or not root:
        raise CheckpointError(f"{what} must be a square number. Received: {number}")
    return root


def one_of(value: int, allowed: Iterable[int], what: str) -> int:
    """Return the value.

    Raises:
        CheckpointError: If it is not among the allowed ones.
    """
    known = list(allowed)
    if value not in known:
        words = ", ".join(map(str, known))
        raise CheckpointError(f"{what} must be one of {words}. Received: {value}")
    return value


def same_channels(inputs: float, outputs: float) -> int:
    """Return the channels of a network that makes pictures of the kind it is given.

    Raises:
        CheckpointError: If they are not the same on both sides.
    """
    if inputs != outputs:
        raise CheckpointError(
            "Networks that make as many channels as they are given can be imported. "
            f"Received: one that makes {outputs:g} of {inputs:g}"
        )
    return int(outputs)
