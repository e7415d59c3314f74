"""Small questions about names and shapes that several architectures ask."""

import math
import re
from collections.abc import Iterable

from imgan.errors import CheckpointError
from imgan.importing.parts import Shape
from imgan.importing.parts import Tensors


def has(tensors: Tensors, *names: str) -> bool:
    """Return whether all of these tensors are there."""
    return all(name in tensors for name in names)


def count(tensors: Tensors, pattern: str) -> int:
    """Return one more than the largest number that stands at the group of a pattern.

    Args:
        tensors: By name.
        pattern: Regular expression of the beginning of a name, with one group that
            matches digits.

    Returns:
        0 if no name begins so.
    """
    numbers = (_number(re.match(pattern, name)) for name in tensors)
    return max((number + 1 for number in numbers if number is not None), default=0)


def shape_of(tensors: Tensors, name: str, axes: int = 4) -> Shape:
    """Return the shape of a tensor that tells what the network is.

    Raises:
        CheckpointError: If it is absent or has another number of axes.
    """
    if name not in tensors:
        raise CheckpointError(
            f"The tensor {name!r}, from which the network is recognised, is missing"
        )
    shape = tuple(tensors[name].shape)
    if len(shape) != axes or 0 in shape:
        raise CheckpointError(
            f"The tensor {name!r} must have {axes} axes, none of them empty. "
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


def _number(match: re.Match[str] | None) -> int | None:
    # A name with thousands of digits is no index.
    if match is None or not match[1].isdigit() or len(match[1]) > 4:
        return None
    return int(match[1])
