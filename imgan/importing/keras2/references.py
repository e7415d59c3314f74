"""References of a configuration: a layer, the number of its call, and of a result."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any


def flat_references(value: Any) -> list[Any]:
    """Return references as a list: Keras 3 writes a single one bare."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return list(value)


def key_of(reference: Sequence[Any], first: Mapping[str, int]) -> tuple[str, int, int]:
    """Return the layer, its call from 0 on, and which of the call's results."""
    name, index, tensor = str(reference[0]), int(reference[1]), int(reference[2])
    return name, index - first[name], tensor


def numbers_of_calls(names: Iterable[str], values: Any) -> dict[str, set[int]]:
    """Return which calls of each layer are referred to, by the layer's name.

    Args:
        names: Of the layers.
        values: Anything of a configuration, with references somewhere inside.
    """
    found: dict[str, set[int]] = {name: set() for name in names}

    def visit(value: Any) -> None:
        if isinstance(value, list):
            name, index = value[:2] if len(value) > 2 else (None, None)
            if isinstance(name, str) and name in found and isinstance(index, int):
                found[name].add(index)
            for item in value:
                visit(item)
        elif isinstance(value, dict):
            for item in value.values():
                visit(item)

    visit(values)
    return found
